// Structures of goroutines that grow while they work: the prime sieve's chain, skynet's tree.
package main

import "time"

func sieve(int) (int, time.Duration) {
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
	check(prime == theLast)
	close(done)
	return primes, took
}

func skynet(leaves, _ int) (int, time.Duration) {
	start := time.Now()
	root := make(chan int)
	go node(root, 0, leaves)
	sum := <-root
	took := time.Since(start)
	check(sum == sumBelow(leaves))
	return leaves, took
}

func node(parent chan<- int, number, leaves int) {
	if leaves == 1 {
		parent <- number
		return
	}
	children := make(chan int)
	for i := range 10 {
		go node(children, number+i*(leaves/10), leaves/10)
	}
	sum := 0
	for range 10 {
		sum += <-children
	}
	parent <- sum
}
