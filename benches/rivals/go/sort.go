// Quicksort with a goroutine for every part that is not small; what has nothing to do with goroutines is a twin of
// ../../src/sort.rs.
package main

import (
	"slices"
	"sync"
	"time"
)

// What is not longer than this is sorted by the goroutine that has it.
const small = 4096

func quicksort(length, _ int) (int, time.Duration) {
	values := random(length)
	var wg sync.WaitGroup
	start := time.Now()
	sortParts(&wg, values)
	wg.Wait()
	took := time.Since(start)
	check(slices.IsSorted(values) && sum(values) == sum(random(length)))
	return length, took
}

// Starts a goroutine for one part and goes on with the other.
func sortParts(wg *sync.WaitGroup, values []uint64) {
	for len(values) > small {
		at := partition(values)
		low := values[:at]
		wg.Go(func() { sortParts(wg, low) })
		values = values[at+1:]
	}
	sortSmall(values)
}

func sum(values []uint64) (sum uint64) {
	for _, v := range values {
		sum += v
	}
	return
}

// One step of Marsaglia's generator.
func xorshift(x uint64) uint64 {
	x ^= x << 13
	x ^= x >> 7
	return x ^ x<<17
}

// The same numbers in every language.
func random(count int) []uint64 {
	values := make([]uint64, count)
	x := uint64(88172645463325252)
	for i := range values {
		x = xorshift(x)
		values[i] = x
	}
	return values
}

// Moves what is less than some value before it; says where that value is now.
func partition(values []uint64) int {
	last := len(values) - 1
	middle := median(values)
	values[middle], values[last] = values[last], values[middle]
	pivot := values[last]
	at := 0
	for i := range last {
		if values[i] < pivot {
			values[i], values[at] = values[at], values[i]
			at++
		}
	}
	values[at], values[last] = values[last], values[at]
	return at
}

// Where the median of the first, the middle and the last is.
func median(values []uint64) int {
	first, middle, last := 0, len(values)/2, len(values)-1
	a, b, c := values[first], values[middle], values[last]
	if (a <= b) == (b <= c) {
		return middle
	} else if (b <= a) == (a <= c) {
		return first
	}
	return last
}

// Sorts without any help.
func sortSmall(values []uint64) {
	for len(values) > 16 {
		at := partition(values)
		sortSmall(values[:at])
		values = values[at+1:]
	}
	for i := 1; i < len(values); i++ {
		value := values[i]
		at := i
		for at > 0 && values[at-1] > value {
			values[at] = values[at-1]
			at--
		}
		values[at] = value
	}
}
