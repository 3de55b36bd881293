// Goroutines that sleep, or keep a thread busy or blocked.
package main

import (
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	start     = 15 * time.Microsecond  // to start each sleeper before the first of them is due
	headStart = 200 * time.Millisecond // and before that
	spread    = time.Second            // over which the deadlines of staggered sleepers are spread
)

// Many that are all due at the same time.
func sleepers(goroutines int) []figure {
	due := time.Now().Add(headStart + time.Duration(goroutines)*start)
	late := sleepUntil(goroutines, func(int) time.Time { return due })
	last := late[len(late)-1]
	each := float64(last.Nanoseconds()) / float64(goroutines)
	return []figure{ms("last", last), {"each", each, "ns"}}
}

// The same with deadlines that are spread over a second. Neighbours in the order of starting are not neighbours in time.
func staggered(goroutines int) []figure {
	due := time.Now().Add(headStart + time.Duration(goroutines)*start)
	return percentiles(sleepUntil(goroutines, func(i int) time.Time {
		return due.Add(time.Duration(float64(spread) * float64(i*7919%goroutines) / float64(goroutines)))
	}))
}

// How late each woke, sorted.
func sleepUntil(goroutines int, due func(i int) time.Time) []time.Duration {
	late := make([]time.Duration, goroutines)
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			pause := time.Until(due(i))
			if pause < 0 {
				panic("the sleepers were not started in time")
			}
			time.Sleep(pause)
			late[i] = time.Since(due(i))
			if late[i] < 0 {
				panic("woke too early")
			}
		})
	}
	wg.Wait()
	slices.Sort(late)
	return late
}

// How late the last one of so many wakes that each sleep a second from their start.
func sleeping(goroutines int) []figure {
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() { time.Sleep(second) })
	}
	wg.Wait()
	return []figure{ms("last", time.Since(start)-second)}
}

// The middle, the one that only one in a thousand exceeds, and the worst.
func percentiles(sorted []time.Duration) []figure {
	at := func(share float64) time.Duration { return sorted[int(float64(len(sorted)-1)*share)] }
	return []figure{ms("p50", at(0.5)), ms("p99.9", at(0.999)), ms("worst", at(1))}
}

// One goroutine that sleeps, beside as many as there are workers that compute.
func hogs(int) []figure {
	end := time.Now().Add(hogged)
	for range setting("BENCH_PROCS", 2) {
		go spin(end)
	}
	var late []time.Duration
	for time.Now().Before(end) {
		due := time.Now().Add(nap)
		time.Sleep(nap)
		late = append(late, time.Since(due))
	}
	slices.Sort(late)
	return percentiles(late)
}

var sink uint64

// Computes until then, looking at the clock now and then.
func spin(until time.Time) {
	x := uint64(88172645463325252)
	for time.Now().Before(until) {
		for range 10_000 {
			x = xorshift(x)
		}
	}
	if x == 0 {
		sink = x
	}
}

// A call of the system that package syscall makes: the runtime knows of it.
func announced(goroutines int) []figure {
	return all(goroutines, func() {
		pause := syscall.NsecToTimespec(blocked.Nanoseconds())
		for syscall.Nanosleep(&pause, &pause) == syscall.EINTR {
		}
	})
}

// One past the runtime.
func unannounced(goroutines int) []figure {
	return all(goroutines, func() {
		pause := syscall.NsecToTimespec(blocked.Nanoseconds())
		p := uintptr(unsafe.Pointer(&pause))
		for {
			if _, _, errno := syscall.RawSyscall(syscall.SYS_NANOSLEEP, p, p, 0); errno != syscall.EINTR {
				return
			}
		}
	})
}

func all(goroutines int, call func()) []figure {
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(call)
	}
	wg.Wait()
	return []figure{ms("time", time.Since(start))}
}
