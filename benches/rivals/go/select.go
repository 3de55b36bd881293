// One consumer that selects among producers, each on an unbuffered channel of its own. Written out, because a `select`
// has as many cases as stand in the source.
package main

import "time"

func producers(count, each int) []chan int {
	chans := make([]chan int, count)
	for i := range chans {
		ch := make(chan int)
		chans[i] = ch
		go func() {
			for i := range each {
				ch <- i
			}
		}()
	}
	return chans
}

func select2(values int) (int, time.Duration) {
	each := share(values, 2)
	start := time.Now()
	ch := producers(2, each)
	a, b := ch[0], ch[1]
	sum := 0
	for range each * 2 {
		var v int
		select {
		case v = <-a:
		case v = <-b:
		}
		sum += v
	}
	took := time.Since(start)
	check(sum == 2*sumBelow(each))
	return each * 2, took
}

func select4(values int) (int, time.Duration) {
	each := share(values, 4)
	start := time.Now()
	ch := producers(4, each)
	a, b, c, d := ch[0], ch[1], ch[2], ch[3]
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
	check(sum == 4*sumBelow(each))
	return each * 4, took
}

func select8(values int) (int, time.Duration) {
	each := share(values, 8)
	start := time.Now()
	ch := producers(8, each)
	a, b, c, d, e, f, g, h := ch[0], ch[1], ch[2], ch[3], ch[4], ch[5], ch[6], ch[7]
	sum := 0
	for range each * 8 {
		var v int
		select {
		case v = <-a:
		case v = <-b:
		case v = <-c:
		case v = <-d:
		case v = <-e:
		case v = <-f:
		case v = <-g:
		case v = <-h:
		}
		sum += v
	}
	took := time.Since(start)
	check(sum == 8*sumBelow(each))
	return each * 8, took
}

func select32(values int) (int, time.Duration) {
	each := share(values, 32)
	start := time.Now()
	ch := producers(32, each)
	a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p := ch[0], ch[1], ch[2], ch[3], ch[4], ch[5], ch[6], ch[7], ch[8], ch[9], ch[10], ch[11], ch[12], ch[13], ch[14], ch[15]
	q, r, s, t, u, w, x, y, z, aa, bb, cc, dd, ee, ff, gg := ch[16], ch[17], ch[18], ch[19], ch[20], ch[21], ch[22], ch[23], ch[24], ch[25], ch[26], ch[27], ch[28], ch[29], ch[30], ch[31]
	sum := 0
	for range each * 32 {
		var v int
		select {
		case v = <-a:
		case v = <-b:
		case v = <-c:
		case v = <-d:
		case v = <-e:
		case v = <-f:
		case v = <-g:
		case v = <-h:
		case v = <-i:
		case v = <-j:
		case v = <-k:
		case v = <-l:
		case v = <-m:
		case v = <-n:
		case v = <-o:
		case v = <-p:
		case v = <-q:
		case v = <-r:
		case v = <-s:
		case v = <-t:
		case v = <-u:
		case v = <-w:
		case v = <-x:
		case v = <-y:
		case v = <-z:
		case v = <-aa:
		case v = <-bb:
		case v = <-cc:
		case v = <-dd:
		case v = <-ee:
		case v = <-ff:
		case v = <-gg:
		}
		sum += v
	}
	took := time.Since(start)
	check(sum == 32*sumBelow(each))
	return each * 32, took
}
