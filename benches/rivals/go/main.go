// The workloads of ../../README.md in Go: what gort is measured against.
//
// usage: go-bench NAME[:SIZE]...   (prints a line "NAME FIGURE VALUE UNIT" for each figure)
// usage: go-bench serve echo|proxy [ADDRESS]
package main

import "time"

// What the sides agree on; see ../../src/lib.rs.
const (
	connections = 64
	message     = 64
	blockers    = 64
	blocked     = 100 * time.Millisecond
	hogged      = 2 * time.Second
	nap         = time.Millisecond
	second      = time.Second
	leaves      = 1_000_000
	primes      = 4000
	theLast     = 37813
)

var workloads = []workload{
	sized("spawn", 1000, spawn),
	grown("yield", func(n int) (int, time.Duration) { return yields(4, n) }),
	grown("yield-alone", func(n int) (int, time.Duration) { return yields(1, n) }),
	grown("pingpong", func(n int) (int, time.Duration) { return pingpong(1, n) }),
	sized("pairs", 16, pingpong),
	grown("buffered1x1", buffered1x1),
	grown("buffered8x8", func(n int) (int, time.Duration) { return eightToEight(128, n) }),
	grown("unbuffered8x8", func(n int) (int, time.Duration) { return eightToEight(0, n) }),
	grown("select2", select2),
	grown("select4", select4),
	grown("select8", select8),
	grown("select32", select32),
	sized("ring", 1000, ring),
	grown("sieve", sieve),
	sized("skynet", leaves, skynet),
	grown("mutex16", mutex16),
	grown("rwlock16", rwlock16),
	grown("waitgroup16", waitgroup16),
	grown("cond", cond),
	once("parked", 1000, parked),
	once("parked-1e4", 10_000, parked),
	once("parked-1e5", 100_000, parked),
	once("parked-1e6", 1_000_000, parked),
	once("sleeping-1e4", 10_000, sleeping),
	once("sleeping-1e5", 100_000, sleeping),
	cold("skynet-1e4", 10_000, func(n int) (int, time.Duration) { return skynet(n, 0) }),
	cold("skynet-1e6", leaves, func(n int) (int, time.Duration) { return skynet(n, 0) }),
	once("sleepers", 100_000, sleepers),
	once("sleepers-staggered", 100_000, staggered),
	grown("echo", echo),
	once("hogs", 1, hogs),
	once("blocking", blockers, announced),
	once("blocking-unannounced", blockers, unannounced),
	sized("quicksort", 5_000_000, quicksort),
}
