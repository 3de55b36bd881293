// The locks, contended by 16 goroutines, and a pair that hands values over by condition variables.
package main

import (
	"sync"
	"time"
)

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
