// A server whose clients are in another process.
package main

import (
	"fmt"
	"net"
)

// Bytes that a server reads at once; see ../../src/served.rs.
const room = 16 * 1024

// The words behind "serve".
func serveOthers(words []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println("listening on", listener.Addr())
	for {
		client, err := listener.Accept()
		must(err)
		if words[0] == "proxy" {
			go proxy(client, words[1])
		} else {
			go pass(client, client)
		}
	}
}

func proxy(client net.Conn, address string) {
	server, err := net.Dial("tcp", address)
	must(err)
	go pass(client, server)
	pass(server, client)
}

// Until either end closes; then both are closed.
func pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, room)
	for {
		length, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err = to.Write(buffer[:length]); err != nil {
			return
		}
	}
}
