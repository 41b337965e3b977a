// A worker that acts only while the leaderd beside it says that it leads.
//
//	LEADERD_URL=http://127.0.0.1:8720 go run . billing
//	LEADERD_URL=unix:/run/leaderd/control.sock go run . billing
//
// The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is
// a line in the file $OUTPUT (or on stdout) every 50 ms. Linux; nothing but the standard library.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// boottimeMs reads CLOCK_BOOTTIME, the clock that leases live on. Go's own clock stops during a
// suspend. A clock that cannot be read says that it is too late.
func boottimeMs() int64 {
	const clockBoottime = 7
	var now syscall.Timespec
	_, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime,
		uintptr(unsafe.Pointer(&now)), 0)
	if failed != 0 {
		return 1<<63 - 1
	}
	return now.Nano() / 1e6
}

type state struct {
	IsLeader     bool  `json:"is_leader"`
	FencingToken int64 `json:"fencing_token"`
	Lease        struct {
		DeadlineBoottimeMs int64 `json:"deadline_boottime_ms"`
		StopMarginMs       int64 `json:"stop_margin_ms"`
	} `json:"lease"`
}

type answer struct {
	Cursor       string           `json:"cursor"`
	ShuttingDown bool             `json:"shutting_down"`
	Elections    map[string]state `json:"elections"`
}

// leadership is what the daemon said last.
type leadership struct {
	mutex    sync.Mutex
	token    int64 // 0: we do not lead
	stopAtMs int64
	refused  int64 // the token under which we do not lead, as the daemon said

	working sync.Mutex // held during each step of the work
}

// learn takes an answer of the daemon; nothing else makes the time to stop later. True: just lost.
func (l *leadership) learn(s state) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	before := l.token
	if s.IsLeader && s.FencingToken != l.refused {
		l.token = s.FencingToken
		l.stopAtMs = s.Lease.DeadlineBoottimeMs - s.Lease.StopMarginMs
	} else { // a daemon that has just been started knows of no token yet: then it is 0
		l.refused = s.FencingToken
		l.token = 0
	}
	return before != 0 && l.token == 0
}

// Token is the fencing token if we may act as leader at this moment, else 0.
func (l *leadership) Token() int64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.token != 0 && boottimeMs() < l.stopAtMs {
		return l.token
	}
	return 0
}

// daemon is the leaderd beside us.
type daemon struct {
	base     string
	client   http.Client
	election string
	workload string // it waits for us by this name before it lets another one lead
}

func newDaemon(where, election string) *daemon {
	transport := &http.Transport{} // without the proxy of the environment
	if strings.HasPrefix(where, "unix:") {
		path := strings.TrimPrefix(where, "unix:")
		where = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	name := make([]byte, 8)
	if _, err := rand.Read(name); err != nil {
		log.Fatal(err)
	}
	return &daemon{where, http.Client{Transport: transport}, election, hex.EncodeToString(name)}
}

// ask reads the answer into `into`, unless that is nil.
func (d *daemon) ask(ctx context.Context, method, path string, timeout time.Duration,
	into any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, d.base+path, nil)
	if err != nil {
		return err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// watch hears of every change within milliseconds, and of the next deadline long before the last.
func watch(ctx context.Context, d *daemon, l *leadership) {
	const shortest, longest = 100 * time.Millisecond, time.Second
	query := url.Values{"election": {d.election}, "workload": {d.workload}, "timeout": {"30s"}}
	pause := shortest
	for ctx.Err() == nil {
		var news answer
		err := d.ask(ctx, http.MethodGet, "/watch?"+query.Encode(), 40*time.Second, &news)
		if err != nil {
			log.Printf("leaderd: %v", err)
		} else if s, known := news.Elections[d.election]; known {
			if l.learn(s) {
				l.working.Lock() // the step under way ends first; no other one begins
				d.sayThatWeHaveStopped()
				l.working.Unlock()
			}
			query.Set("since", news.Cursor)
			if !news.ShuttingDown {
				pause = shortest
				continue
			}
		}
		// No answer, no extension: the last deadline that we know of ends the work.
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		if pause *= 2; pause > longest {
			pause = longest
		}
	}
}

// sayThatWeHaveStopped is for whoever is next, who need not wait for our deadline then.
func (d *daemon) sayThatWeHaveStopped() {
	path := "/elections/" + d.election + "/released?workload=" + d.workload
	_ = d.ask(context.Background(), http.MethodPost, path, 2*time.Second, nil) // else they wait
}

// work does one step. A real one takes longer, and looks again before each thing that cannot be
// undone. Not "do we lead?" but "is it still this token?": it may have been lost and won again.
func work(l *leadership, token int64, output *os.File) {
	step := fmt.Sprintf(`{"token":%d,"at_boottime_ms":%d,"worker":"go"}`+"\n", token, boottimeMs())
	if l.Token() != token {
		return
	}
	if _, err := output.WriteString(step); err != nil {
		log.Fatal(err)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	election := setting("LEADERD_ELECTION", "default")
	if len(os.Args) > 1 {
		election = os.Args[1]
	}
	output := os.Stdout
	if path := os.Getenv("OUTPUT"); path != "" {
		var err error
		if output, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	d := newDaemon(setting("LEADERD_URL", "http://127.0.0.1:8720"), election)
	l := &leadership{}
	go watch(ctx, d, l)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.sayThatWeHaveStopped()
			return
		case <-tick.C:
		}
		l.working.Lock()
		if token := l.Token(); token != 0 {
			work(l, token, output)
		}
		l.working.Unlock()
	}
}
