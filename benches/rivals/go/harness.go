// The harness, a twin of ../../src/harness.rs: both must count the same way.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// One result of a workload.
type figure struct {
	name  string
	value float64
	unit  string
}

func ms(name string, t time.Duration) figure {
	return figure{name, float64(t.Nanoseconds()) / 1e6, "ms"}
}

func perOp(ops int, took time.Duration) figure {
	return figure{"time", float64(took.Nanoseconds()) / float64(ops), "ns"}
}

type workload struct {
	name string
	// The size that the command line may change, where there is one.
	size int
	run  func(size int, target time.Duration) []figure
}

// A workload that does at least n operations and says how many it did and how long they took, set-up aside.
func grown(name string, run func(n int) (int, time.Duration)) workload {
	return sized(name, 0, func(_, n int) (int, time.Duration) { return run(n) })
}

// The same with a size.
func sized(name string, size int, run func(size, n int) (int, time.Duration)) workload {
	return workload{name, size, func(size int, target time.Duration) []figure {
		return []figure{grow(func(n int) (int, time.Duration) { return run(size, n) }, target)}
	}}
}

// One that is run once, as it is, and has figures of its own.
func once(name string, size int, run func(size int) []figure) workload {
	return workload{name, size, func(size int, _ time.Duration) []figure { return run(size) }}
}

// One that does `size` operations once, and nothing before that.
func cold(name string, size int, run func(size int) (int, time.Duration)) workload {
	return workload{name, size, func(size int, _ time.Duration) []figure {
		ops, took := run(size)
		return []figure{{"time", float64(took.Nanoseconds()) / float64(ops), "ns"}}
	}}
}

// Grows n until one run takes `target`, then reports that run.
func grow(run func(n int) (int, time.Duration), target time.Duration) figure {
	for n := 1000; ; {
		ops, took := run(n)
		if took >= target || ops > n*100 {
			return perOp(ops, took)
		}
		each := max(float64(took.Nanoseconds())/float64(ops), 0.1)
		wanted := int(float64(target.Nanoseconds()) * 1.2 / each)
		n = min(max(wanted, n+1), n*100)
	}
}

func check(ok bool) {
	if !ok {
		panic("wrong result")
	}
}

// Rounds n up to whole parts: how many each of `parts` has to do.
func share(n, parts int) int { return (n + parts - 1) / parts }

// 0 + 1 + … + (n - 1).
func sumBelow(n int) int { return n * (n - 1) / 2 }

// Resident bytes of this process, as Linux counts them, after the garbage is gone.
func resident() int {
	runtime.GC()
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	must(err)
	return kib * 1024
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func find(asked string) (workload, int, bool) {
	name, size, hasSize := strings.Cut(asked, ":")
	for _, w := range workloads {
		if w.name == name {
			n := w.size
			var err error
			if hasSize {
				n, err = strconv.Atoi(size)
			}
			return w, n, err == nil
		}
	}
	return workload{}, 0, false
}

func main() {
	runtime.GOMAXPROCS(setting("BENCH_PROCS", 2))
	target := time.Duration(setting("BENCH_MS", 500)) * time.Millisecond
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		serveOthers(os.Args[2:])
	}
	for _, asked := range os.Args[1:] {
		if asked == "--list" {
			for _, w := range workloads {
				fmt.Println(w.name)
			}
			fmt.Println("serve")
			continue
		}
		w, size, ok := find(asked)
		if !ok {
			fmt.Fprintf(os.Stderr, "go-bench: no workload %q\n", asked)
			os.Exit(2)
		}
		for _, f := range w.run(size, target) {
			fmt.Printf("%s %s %.1f %s\n", asked, f.name, f.value, f.unit)
		}
	}
}
