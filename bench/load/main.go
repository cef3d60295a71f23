// Command load drives a webhook as an API server does (HTTP/1.1 over TLS, kept alive, POST of an AdmissionReview) and checks
// every answer. It prints one JSON object.
//
//	load -ca CA -url https://127.0.0.1:8443/mutate -c 16 -d 3s     one request at a time on each of 16 connections
//	load ... -rate 1000 -d 60s                                      the same, so many reviews a second in all
//	load ... -burst 64 -rounds 10                                   bursts of 64 new clients of Go's own HTTP client
//	load ... -distinct                                              no two Pods start the same script
//
// review.json came from a kube-apiserver 1.34 (the Pod of a Deployment, after defaulting); each request has a uid of its own,
// and each Pod is one of a new ReplicaSet.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed review.json
var template []byte

var (
	serial   atomic.Int64
	checked  atomic.Int64
	distinct = flag.Bool("distinct", false, "no two Pods start the same script")
)

// review returns a request body and its uid.
func review() (string, []byte) {
	uid := fmt.Sprintf("00000000-0000-4000-8000-%012x", serial.Add(1))
	script := "prod"
	if *distinct {
		script = uid[26:]
	}
	body := bytes.ReplaceAll(template, []byte("@@UID@@"), []byte(uid))
	body = bytes.ReplaceAll(body, []byte("@@RS@@"), []byte(uid[26:]))
	return uid, bytes.ReplaceAll(body, []byte("@@LIKE@@"), []byte(script))
}

// check reads an answer and says what is wrong with it. One in sixteen is read in full, since client and servers share the
// machine: a glance is enough for the others.
func check(response *http.Response, uid string, patch bool) error {
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	ok := response.StatusCode == http.StatusOK && bytes.Contains(data, []byte(uid)) && bytes.Contains(data, []byte(`"allowed":true`))
	if ok && (!patch || bytes.Contains(data, []byte(`"patch":"`))) && checked.Add(1)%16 != 0 {
		return nil
	}
	var answer struct {
		Response struct {
			UID     string
			Allowed bool
			Patch   []byte
		}
	}
	var operations []any
	switch err := json.Unmarshal(data, &answer); {
	case response.StatusCode != http.StatusOK || err != nil:
		return fmt.Errorf("status %d", response.StatusCode)
	case answer.Response.UID != uid:
		return errors.New("wrong uid")
	case !answer.Response.Allowed:
		return errors.New("not allowed")
	case patch && (json.Unmarshal(answer.Response.Patch, &operations) != nil || len(operations) == 0):
		return errors.New("no patch")
	}
	return nil
}

// result is what one worker saw.
type result struct {
	latencies []time.Duration
	errors    map[string]int
}

func (r *result) add(start time.Time, err error) {
	if err != nil {
		r.errors[err.Error()]++
		return
	}
	r.latencies = append(r.latencies, time.Since(start))
}

// steady sends one request after the other on one connection. It writes by hand, to cost the machine little.
func steady(target *url.URL, config *tls.Config, pause time.Duration, patch bool, end time.Time) *result {
	r := &result{errors: map[string]int{}}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", target.RequestURI(), target.Host)
	var connection net.Conn
	var reader *bufio.Reader
	for next := time.Now(); time.Now().Before(end); next = next.Add(pause) {
		time.Sleep(time.Until(next))
		start := time.Now()
		err := func() (err error) {
			if connection == nil {
				if connection, err = tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", target.Host, config); err != nil {
					connection = nil
					return errors.New("dial")
				}
				reader = bufio.NewReader(connection)
			}
			uid, body := review()
			connection.SetDeadline(start.Add(10 * time.Second))
			fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				connection.Close()
				connection = nil
				return errors.New("read")
			}
			err = check(response, uid, patch)
			if response.Close {
				connection.Close()
				connection = nil
			}
			return err
		}()
		r.add(start, err)
	}
	return r
}

// burst sends five requests from each of so many goroutines over one new transport with the API server's settings: it dials
// for every request that finds no idle connection, and then uses whichever falls idle first.
func burst(target string, config *tls.Config, clients int, patch bool) []*result {
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 25, TLSHandshakeTimeout: 10 * time.Second}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return together(clients, func() *result {
		r := &result{errors: map[string]int{}}
		for range 5 {
			uid, body := review()
			start := time.Now()
			response, err := client.Post(target, "application/json", bytes.NewReader(body))
			if err == nil {
				err = check(response, uid, patch)
			}
			r.add(start, err)
		}
		return r
	})
}

// together runs so many at once and waits for all.
func together(count int, run func() *result) []*result {
	results := make([]*result, count)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = run() })
	}
	group.Wait()
	return results
}

func main() {
	target := flag.String("url", "", "the webhook")
	ca := flag.String("ca", "", "PEM file of the CA")
	connections := flag.Int("c", 1, "connections")
	length := flag.Duration("d", 3*time.Second, "how long")
	rate := flag.Float64("rate", 0, "reviews a second, of all connections; 0 is as many as there can be")
	clients := flag.Int("burst", 0, "new clients of a burst")
	rounds := flag.Int("rounds", 10, "bursts")
	patch := flag.Bool("patch", true, "every answer must have a patch")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	address, err2 := url.Parse(*target)
	if err := errors.Join(err, err2); err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: pool, ServerName: address.Hostname(), NextProtos: []string{"http/1.1"}}
	start := time.Now()
	var results []*result
	if *clients > 0 {
		for range *rounds {
			results = append(results, burst(*target, config, *clients, *patch)...)
		}
	} else {
		var pause time.Duration
		if *rate > 0 {
			pause = time.Duration(float64(*connections) / *rate * float64(time.Second))
		}
		results = together(*connections, func() *result { return steady(address, config, pause, *patch, start.Add(*length)) })
	}
	report(results, time.Since(start))
}

func report(results []*result, took time.Duration) {
	var all []time.Duration
	failures, kinds := 0, map[string]int{}
	for _, r := range results {
		all = append(all, r.latencies...)
		for kind, count := range r.errors {
			kinds[kind] += count
			failures += count
		}
	}
	slices.Sort(all)
	milliseconds := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return all[min(int(share*float64(len(all))), len(all)-1)].Seconds() * 1000
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"ok": len(all), "failed": failures, "errors": kinds, "seconds": took.Seconds(), "per_second": float64(len(all)) / took.Seconds(),
		"p50_ms": milliseconds(0.5), "p99_ms": milliseconds(0.99), "max_ms": milliseconds(1),
	})
}
