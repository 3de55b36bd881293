// Values that go from one goroutine to another.
package main

import (
	"sync"
	"time"
)

func pingpong(pairs, n int) (int, time.Duration) {
	each := share(n, pairs)
	var wg sync.WaitGroup
	start := time.Now()
	for range pairs {
		ping, pong := make(chan int), make(chan int)
		go func() {
			for v := range ping {
				pong <- v
			}
		}()
		wg.Go(func() {
			for i := range each {
				ping <- i
				check(<-pong == i)
			}
			close(ping)
		})
	}
	wg.Wait()
	return each * pairs, time.Since(start)
}

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
	check(sum == sumBelow(n))
	return n, took
}

func eightToEight(capacity, n int) (int, time.Duration) {
	each := share(n, 8)
	ch := make(chan int, capacity)
	var senders, receivers sync.WaitGroup
	var sums [8]int
	start := time.Now()
	for range 8 {
		senders.Go(func() {
			for i := range each {
				ch <- i
			}
		})
	}
	for i := range sums {
		receivers.Go(func() {
			sum := 0
			for v := range ch {
				sum += v
			}
			sums[i] = sum
		})
	}
	senders.Wait()
	close(ch)
	receivers.Wait()
	took := time.Since(start)
	sum := 0
	for _, s := range sums {
		sum += s
	}
	check(sum == 8*sumBelow(each))
	return each * 8, took
}

func ring(nodes, n int) (int, time.Duration) {
	rounds := share(n, nodes)
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
	round := func(token int) int {
		first <- token
		return <-last + 1
	}
	check(round(0) == nodes) // now all are there
	start := time.Now()
	token := 0
	for range rounds {
		token = round(token)
	}
	took := time.Since(start)
	check(token == rounds*nodes)
	close(first)
	return rounds * nodes, took
}
