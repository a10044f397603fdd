package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/aegisworld/aegis/internal/sandbox/front"
)

// Errors of Attach and of an Account's methods.
var (
	// ErrNotRunning says that no supervisor answers for the data directory.
	ErrNotRunning = errors.New("no sandbox runs on this data directory")
	// ErrGone says that the supervisor ended.
	ErrGone = errors.New("the sandbox's supervisor ended")
)

// Attach finds the account that runs on the data directory. It returns
// ErrNotRunning, also for one that is starting.
func Attach(ctx context.Context, dataDir string) (*Account, error) {
	s, err := askStatus(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	if s.State != "ready" {
		return nil, fmt.Errorf("%w: it is %s %s", ErrNotRunning, s.State, s.Error)
	}
	return s.Account, nil
}

func askStatus(ctx context.Context, dataDir string) (status, error) {
	var s status
	err := ask(ctx, dataDir, http.MethodGet, "/status", nil, &s)
	return s, err
}

// Stop ends the account: supervisor, emulators and Postgres. It returns when
// no process of it is left.
func (a *Account) Stop(ctx context.Context) error {
	exited := exitOf(a.SupervisorPID)
	err := ask(ctx, a.DataDir, http.MethodPost, "/stop", nil, nil)
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return fmt.Errorf("stop sandbox: %w", err)
	}
	return a.ended(ctx, exited)
}

// Leave ends the account as Stop does, unless another process holds it.
func (a *Account) Leave(ctx context.Context) error {
	exited := exitOf(a.SupervisorPID)
	var answer left
	err := ask(ctx, a.DataDir, http.MethodPost, "/leave?process="+self(), nil, &answer)
	switch {
	case errors.Is(err, ErrNotRunning):
	case err != nil:
		return fmt.Errorf("leave sandbox: %w", err)
	case !answer.Stopped:
		return nil
	}
	return a.ended(ctx, exited)
}

// ended waits until no process of the account is left.
func (a *Account) ended(ctx context.Context, exited func(context.Context) error) error {
	if err := awaitEnd(ctx, a.DataDir); err != nil {
		return err
	}
	if err := exited(ctx); err != nil {
		return fmt.Errorf("wait for the sandbox's supervisor to end: %w", err)
	}
	return nil
}

// self names this process to the supervisor.
func self() string { return strconv.Itoa(os.Getpid()) }

// awaitEnd waits until no supervisor has the data directory's lock, which it
// gives back after its children ended.
func awaitEnd(ctx context.Context, dataDir string) error {
	lock := flock.New(stateDir(dataDir) + "/supervisor.lock")
	defer func() { _ = lock.Close() }()
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("wait for the sandbox to end: %w", err)
	}
	return nil
}

// Hold keeps the account alive until ctx ends; it then returns nil. It returns
// ErrGone when the supervisor ended. An account without any holder ends by
// itself after Options.Alone.
func (a *Account) Hold(ctx context.Context) error {
	resp, err := request(ctx, a.DataDir, http.MethodGet, "/hold?process="+self(), nil)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(ErrGone, err)
}

// Events returns at most 1000 records of mutating management calls, in
// CloudTrail's format, that came after the one numbered after; 0 begins with
// the oldest kept.
func (a *Account) Events(ctx context.Context, after int64) ([]front.Record, error) {
	return a.events(ctx, after, false)
}

// NextEvents is Events, but waits some seconds for one when there is none.
func (a *Account) NextEvents(ctx context.Context, after int64) ([]front.Record, error) {
	return a.events(ctx, after, true)
}

func (a *Account) events(ctx context.Context, after int64, wait bool) ([]front.Record, error) {
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "wait": {strconv.FormatBool(wait)}}
	var records []front.Record
	if err := ask(ctx, a.DataDir, http.MethodGet, "/events?"+query.Encode(), nil, &records); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return records, nil
}

// Faults is the client of the account's faults.
func (a *Account) Faults() Faults { return Faults{dataDir: a.DataDir} }

// Faults sets and clears injected faults of a running account.
type Faults struct{ dataDir string }

// Set puts a fault in force, in the place of one for the same region, service
// and action, and returns it with its ID.
func (f Faults) Set(ctx context.Context, fault front.Fault) (front.Fault, error) {
	var set front.Fault
	if err := ask(ctx, f.dataDir, http.MethodPost, "/faults", fault, &set); err != nil {
		return set, fmt.Errorf("set fault: %w", err)
	}
	return set, nil
}

// List returns the faults in force.
func (f Faults) List(ctx context.Context) ([]front.Fault, error) {
	var faults []front.Fault
	if err := ask(ctx, f.dataDir, http.MethodGet, "/faults", nil, &faults); err != nil {
		return nil, fmt.Errorf("list faults: %w", err)
	}
	return faults, nil
}

// Clear removes the fault of that ID, all when it is empty, and returns how
// many there were.
func (f Faults) Clear(ctx context.Context, id string) (int, error) {
	var result struct {
		Cleared int `json:"cleared"`
	}
	if err := ask(ctx, f.dataDir, http.MethodDelete, "/faults?id="+url.QueryEscape(id), nil, &result); err != nil {
		return 0, fmt.Errorf("clear faults: %w", err)
	}
	return result.Cleared, nil
}

// ask sends a request to the control socket and reads the answer into out.
func ask(ctx context.Context, dataDir, method, path string, in, out any) error {
	resp, err := request(ctx, dataDir, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		var problem struct {
			Error string `json:"error"`
		}
		_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&problem)
		return fmt.Errorf("the sandbox refused: %s", problem.Error)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	return nil
}

func request(ctx context.Context, dataDir, method, path string, in any) (*http.Response, error) {
	folder, err := os.Open(stateDir(dataDir))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	defer func() { _ = folder.Close() }()
	body := &bytes.Buffer{}
	if in != nil {
		if err := json.NewEncoder(body).Encode(in); err != nil {
			return nil, fmt.Errorf("ask the sandbox: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", through(folder, controlSocket))
		},
		DisableKeepAlives: true,
	}
	resp, err := transport.RoundTrip(req)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	return resp, nil
}
