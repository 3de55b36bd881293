// The Go side: net/http with the handler of examples/http_server.
//
// With -timeouts it has the timeouts that the other side always has; net/http has none unless it is told.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
)

func main() {
	timeouts := flag.Bool("timeouts", false, "set the timeouts of examples/http_server")
	flag.Parse()
	hello := []byte("Hello, world!\n")
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(hello)
	})
	server := &http.Server{Handler: mux}
	if *timeouts {
		server.ReadHeaderTimeout = 10 * time.Second
		server.IdleTimeout = 60 * time.Second
		server.WriteTimeout = 10 * time.Second
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}
