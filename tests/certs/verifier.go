// Verify a server's certificate as the API server does: a handshake with RootCAs, ServerName and http/1.1 only.
// Usage: verifier BUNDLE CHAIN KEY HOST; prints "ok", or the client's error.
// https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/util/webhook/client.go
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

func main() {
	bundle, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		panic("no certificate in the bundle")
	}
	here, there := net.Pipe()
	go func() { _ = tls.Server(there, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake() }()
	client := tls.Client(here, &tls.Config{RootCAs: roots, ServerName: os.Args[4], NextProtos: []string{"http/1.1"}})
	if err := client.Handshake(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ok")
}
