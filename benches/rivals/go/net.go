// Round trips over loopback TCP; both ends are goroutines of this process.
package main

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

func echo(n int) (int, time.Duration) {
	each := share(n, connections)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer listener.Close()
	var clients [connections]net.Conn
	for i := range clients {
		clients[i], err = net.Dial("tcp", listener.Addr().String())
		must(err)
		server, err := listener.Accept()
		must(err)
		go serve(server)
	}
	var wg sync.WaitGroup
	start := time.Now()
	for _, client := range clients {
		wg.Go(func() { call(client, each) })
	}
	wg.Wait()
	return each * connections, time.Since(start)
}

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, message)
	for {
		length, err := connection.Read(buffer)
		if err == io.EOF {
			return
		}
		must(err)
		_, err = connection.Write(buffer[:length])
		must(err)
	}
}

func call(connection net.Conn, times int) {
	defer connection.Close()
	out, in := make([]byte, message), make([]byte, message)
	for i := range times {
		binary.LittleEndian.PutUint64(out, uint64(i))
		_, err := connection.Write(out)
		must(err)
		_, err = io.ReadFull(connection, in)
		must(err)
		check(string(in) == string(out))
	}
}
