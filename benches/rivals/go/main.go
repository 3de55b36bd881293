// The workloads of ../../README.md in Go: what gort is measured against.
//
// usage: go-bench NAME...   (prints one "NAME NS_PER_OP" line each)
//
// The harness is a line-by-line twin of ../../src/lib.rs: both must count the same way.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const workers = 2

// A workload does at least n operations and says how many it did and how long they took, set-up aside.
type workload struct {
	name string
	run  func(n int) (ops int, took time.Duration)
}

var workloads = []workload{
	{"spawn", spawn},
	{"yield", yield},
	{"yield-alone", yieldAlone},
	{"pingpong", pingpong},
	{"buffered1x1", buffered1x1},
	{"select4", select4},
	{"ring", ring},
	{"sieve", sieve},
	{"mutex16", mutex16},
	{"rwlock16", rwlock16},
	{"waitgroup16", waitgroup16},
	{"cond", cond},
}

// Goroutines in batches of 1000; an operation is one goroutine from `go` to its end.
func spawn(n int) (int, time.Duration) {
	const batch = 1000
	batches := (n + batch - 1) / batch
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

// Four goroutines that do nothing but yield (there is always another one to switch to); an operation is one yield.
func yield(n int) (int, time.Duration) { return yieldAmong(4, n) }

// The same with a goroutine that has nobody to yield to.
func yieldAlone(n int) (int, time.Duration) { return yieldAmong(1, n) }

func yieldAmong(goroutines, n int) (int, time.Duration) {
	each := (n + goroutines - 1) / goroutines
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

// Two goroutines, two unbuffered channels; an operation is a round trip.
func pingpong(n int) (int, time.Duration) {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v
		}
		close(pong)
	}()
	start := time.Now()
	for i := range n {
		ping <- i
		<-pong
	}
	took := time.Since(start)
	close(ping)
	return n, took
}

// One producer, one consumer, capacity 128; an operation is one value.
func buffered1x1(n int) (int, time.Duration) {
	ch := make(chan int, 128)
	start := time.Now()
	go func() {
		for i := range n {
			ch <- i
		}
		close(ch)
	}()
	sum := 0
	for v := range ch {
		sum += v
	}
	took := time.Since(start)
	check(sum == n*(n-1)/2)
	return n, took
}

// Four producers, each on its own unbuffered channel, one consumer that selects; an operation is one value.
func select4(n int) (int, time.Duration) {
	each := (n + 3) / 4
	var chans [4]chan int
	for i := range chans {
		chans[i] = make(chan int)
	}
	start := time.Now()
	for _, ch := range chans {
		go func() {
			for i := range each {
				ch <- i
			}
		}()
	}
	a, b, c, d := chans[0], chans[1], chans[2], chans[3]
	sum := 0
	for range each * 4 {
		var v int
		select {
		case v = <-a:
		case v = <-b:
		case v = <-c:
		case v = <-d:
		}
		sum += v
	}
	took := time.Since(start)
	check(sum == 4*(each*(each-1)/2))
	return each * 4, took
}

// A ring of 1000 goroutines passes one token on; an operation is one hop.
func ring(n int) (int, time.Duration) {
	const nodes = 1000
	rounds := (n + nodes - 1) / nodes
	first := make(chan int)
	last := first
	for range nodes - 1 {
		in, out := last, make(chan int)
		go func() {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}()
		last = out
	}
	start := time.Now()
	token := 0
	for range rounds {
		first <- token
		token = <-last + 1
	}
	took := time.Since(start)
	check(token == rounds*nodes)
	close(first)
	return rounds * nodes, took
}

// Doug McIlroy's prime sieve, always the first 4000 primes; an operation is one prime.
func sieve(int) (int, time.Duration) {
	const primes = 4000
	start := time.Now()
	numbers := make(chan int)
	done := make(chan struct{})
	go func() {
		for i := 2; ; i++ {
			select {
			case numbers <- i:
			case <-done:
				return
			}
		}
	}()
	last, prime := numbers, 0
	for range primes {
		prime = <-last
		in, out, p := last, make(chan int), prime
		go func() {
			for i := range in {
				if i%p != 0 {
					out <- i
				}
			}
		}()
		last = out
	}
	took := time.Since(start)
	check(prime == 37813)
	close(done)
	return primes, took
}

// Runs `each` rounds of `round` on 16 goroutines, each with its number.
func sixteen(n int, round func(i int)) (int, time.Duration) {
	each := (n + 15) / 16
	var wg sync.WaitGroup
	start := time.Now()
	for range 16 {
		wg.Go(func() {
			for i := range each {
				round(i)
			}
		})
	}
	wg.Wait()
	return each * 16, time.Since(start)
}

func mutex16(n int) (int, time.Duration) {
	var mu sync.Mutex
	count := 0
	ops, took := sixteen(n, func(int) {
		mu.Lock()
		count++
		mu.Unlock()
	})
	check(count == ops)
	return ops, took
}

func rwlock16(n int) (int, time.Duration) {
	var mu sync.RWMutex
	count := 0
	ops, took := sixteen(n, func(i int) {
		if i%10 == 0 {
			mu.Lock()
			count++
			mu.Unlock()
		} else {
			mu.RLock()
			check(count >= 0)
			mu.RUnlock()
		}
	})
	check(count == 16*((ops/16+9)/10))
	return ops, took
}

func waitgroup16(n int) (int, time.Duration) {
	var wg sync.WaitGroup
	ops, took := sixteen(n, func(int) {
		wg.Add(1)
		wg.Done()
	})
	wg.Wait()
	return ops, took
}

// A slot for one value, with a condition variable for each direction; an operation is one value.
func cond(n int) (int, time.Duration) {
	var mu sync.Mutex
	filled, emptied := sync.NewCond(&mu), sync.NewCond(&mu)
	full, slot := false, 0
	start := time.Now()
	go func() {
		for i := range n {
			mu.Lock()
			for full {
				emptied.Wait()
			}
			full, slot = true, i
			filled.Signal()
			mu.Unlock()
		}
	}()
	sum := 0
	for range n {
		mu.Lock()
		for !full {
			filled.Wait()
		}
		full = false
		sum += slot
		emptied.Signal()
		mu.Unlock()
	}
	took := time.Since(start)
	check(sum == n*(n-1)/2)
	return n, took
}

func check(ok bool) {
	if !ok {
		panic("wrong result")
	}
}

// Grows n until one run takes `target`, then reports that run.
func measure(w workload, target time.Duration) float64 {
	for n := 1000; ; {
		ops, took := w.run(n)
		if took >= target || ops > n*100 {
			return float64(took.Nanoseconds()) / float64(ops)
		}
		perOp := max(float64(took.Nanoseconds())/float64(ops), 0.1)
		wanted := int(float64(target.Nanoseconds()) * 1.2 / perOp)
		n = min(max(wanted, n+1), n*100)
	}
}

func main() {
	runtime.GOMAXPROCS(workers)
	target := 500 * time.Millisecond
	if ms, err := strconv.Atoi(os.Getenv("BENCH_MS")); err == nil {
		target = time.Duration(ms) * time.Millisecond
	}
	for _, name := range os.Args[1:] {
		found := name == "--list"
		for _, w := range workloads {
			if name == "--list" {
				fmt.Println(w.name)
			} else if w.name == name {
				found = true
				fmt.Printf("%s %.1f\n", name, measure(w, target))
			}
		}
		if !found {
			fmt.Fprintf(os.Stderr, "go-bench: no workload %q\n", name)
			os.Exit(2)
		}
	}
}
