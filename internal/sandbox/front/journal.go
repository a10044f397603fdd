package front

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// entry is one journaled change: what to do again, and what it must answer.
type entry struct {
	At      time.Time         `json:"at"`
	Seed    uint64            `json:"seed"`
	Service string            `json:"service"`
	Region  string            `json:"region"`
	Action  string            `json:"action"`
	Method  string            `json:"method"`
	URI     string            `json:"uri"`
	Header  map[string]string `json:"header,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	Status  int               `json:"status"`
	// Native marks a call that the front served without the emulator.
	Native bool `json:"native,omitempty"`
	// Facts are what a native call knew of the emulators.
	Facts facts `json:"facts,omitempty"`
	// Digest is of the answer without its times; see digest.
	Digest string `json:"digest"`
}

func newEntry(at time.Time, seed uint64, c wire.Call, resp wire.Response) entry {
	header := map[string]string{}
	for name := range forwarded(c.Header) {
		if !slices.Contains([]string{"User-Agent", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "X-Amz-Date"}, name) {
			header[name] = c.Header.Get(name)
		}
	}
	return entry{
		At: at.UTC(), Seed: seed, Service: c.Service, Region: c.Region, Action: c.Action, Method: c.Method,
		URI: (&url.URL{Path: c.URL.Path, RawPath: c.URL.RawPath, RawQuery: unsignedQuery(c.URL)}).String(), Header: header,
		Body: c.Body, Status: resp.Status, Digest: digest(resp),
	}
}

// call is the journaled call, decoded again.
func (e entry) call() (wire.Call, error) {
	target, err := url.ParseRequestURI(e.URI)
	if err != nil {
		return wire.Call{}, fmt.Errorf("read journaled address: %w", err)
	}
	header := http.Header{}
	for name, value := range e.Header {
		header.Set(name, value)
	}
	return wire.Decode(&http.Request{Method: e.Method, URL: target, Header: header}, e.Body, e.Service, e.Region), nil
}

// journal is an append-only file of entries, one JSON object a line.
type journal struct {
	path string
	file *os.File
}

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the data directory is the operator's
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &journal{path: path, file: file}, nil
}

func (j *journal) close() error { return j.file.Close() }

// append writes an entry to the disk before the caller hears of the change.
func (j *journal) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal %s %s: %w", e.Service, e.Action, err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("journal %s %s: %w", e.Service, e.Action, err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("journal %s %s: %w", e.Service, e.Action, err)
	}
	return nil
}

// read gives all entries to visit. A last line that was cut short is a change
// that nobody heard of: it is removed.
func (j *journal) read(visit func(n int, e entry) error) error {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	in := bufio.NewReader(j.file)
	var good int64
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j.cut(good)
		}
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("%w: entry %d can't be read: %w", errDiverged, n, err)
		}
		if err := visit(n, e); err != nil {
			return err
		}
		good += int64(len(line))
	}
}

func (j *journal) cut(size int64) error {
	if err := j.file.Truncate(size); err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	return nil
}

// setAside empties the journal and keeps its content under another name.
func (j *journal) setAside(name string) error {
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("set journal aside: %w", err)
	}
	if err := os.Rename(j.path, name); err != nil {
		return fmt.Errorf("set journal aside: %w", err)
	}
	fresh, err := openJournal(j.path)
	if err != nil {
		return err
	}
	j.file = fresh.file
	return nil
}
