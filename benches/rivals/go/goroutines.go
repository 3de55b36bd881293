// Goroutines that start, yield, wait together and end.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func spawn(batch, n int) (int, time.Duration) {
	batches := share(n, batch)
	start := time.Now()
	for range batches {
		var wg sync.WaitGroup
		for range batch {
			wg.Go(func() {})
		}
		wg.Wait()
	}
	return batches * batch, time.Since(start)
}

func yields(goroutines, n int) (int, time.Duration) {
	each := share(n, goroutines)
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			for range each {
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	return each * goroutines, time.Since(start)
}

// Goroutines that all wait for one channel, which is then closed.
func parked(goroutines int) []figure {
	before := resident()
	ch := make(chan struct{})
	var waiting atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			waiting.Add(1)
			_, ok := <-ch
			check(!ok)
		})
	}
	for waiting.Load() < int64(goroutines) {
		runtime.Gosched()
	}
	spawned := time.Since(start)
	bytes := resident() - before
	woken := time.Now()
	close(ch)
	wg.Wait()
	return []figure{
		perOp(goroutines, spawned+time.Since(woken)),
		{"resident", float64(bytes) / float64(goroutines), "B"},
	}
}
