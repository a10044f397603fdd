package front

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// recordsKept is how many records stay readable; the file holds all of the
// last generations.
const recordsKept = 10000

// Record is one CloudTrail-format record and its place in the order.
type Record struct {
	// Seq grows by one with every record, also over restarts.
	Seq int64 `json:"seq"`
	// Event is the record as CloudTrail writes it.
	Event json.RawMessage `json:"event"`
}

// Records keeps CloudTrail-format records: the newest in memory, all in a file
// of one JSON object a line, mode 0600.
type Records struct {
	mu   sync.Mutex
	file *os.File
	last int64
	ring []Record
	// changed is closed when a record is added.
	changed chan struct{}
}

// OpenRecords reads the newest records of the file and appends to it.
func OpenRecords(path string) (*Records, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the data directory is the operator's
	if err != nil {
		return nil, fmt.Errorf("open records: %w", err)
	}
	s := &Records{file: file, changed: make(chan struct{})}
	in := bufio.NewScanner(file)
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		var r Record
		if json.Unmarshal(in.Bytes(), &r) == nil {
			s.keep(r)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return s, nil
}

// Close closes the file.
func (s *Records) Close() error { return s.file.Close() }

func (s *Records) keep(r Record) {
	s.last = r.Seq
	s.ring = append(s.ring, r)
	if len(s.ring) > recordsKept+recordsKept/10 {
		s.ring = append([]Record{}, s.ring[len(s.ring)-recordsKept:]...)
	}
}

// Add appends a record.
func (s *Records) Add(event json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Record{Seq: s.last + 1, Event: event}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	s.keep(r)
	close(s.changed)
	s.changed = make(chan struct{})
	if _, err := s.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// After returns at most limit kept records with a Seq greater than seq, oldest
// first, and a channel that is closed when there is another.
func (s *Records) After(seq int64, limit int) ([]Record, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := len(s.ring)
	for start > 0 && s.ring[start-1].Seq > seq {
		start--
	}
	found := s.ring[start:]
	if len(found) > limit {
		found = found[:limit]
	}
	return append([]Record{}, found...), s.changed
}
