package front

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

const (
	// recordsKept is how many records stay readable.
	recordsKept = 10000
	// maxRecordsFile is the size, in bytes, at which the file is put aside in
	// the place of the one that was put aside before.
	maxRecordsFile = 64 << 20
)

// Record is one CloudTrail-format record and its place in the order.
type Record struct {
	// Seq grows by one with every record, also over restarts.
	Seq int64 `json:"seq"`
	// Event is the record as CloudTrail writes it.
	Event json.RawMessage `json:"event"`
}

// Records keeps CloudTrail-format records: the newest in memory, and at least
// the last 64 MiB in files of one JSON object a line, mode 0600.
type Records struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
	last int64
	ring []Record
	// changed is closed when a record is added.
	changed chan struct{}
}

// OpenRecords reads the newest records of the file and appends to it.
func OpenRecords(path string) (*Records, error) {
	s := &Records{path: path, changed: make(chan struct{})}
	for _, name := range []string{path + ".1", path} {
		if err := s.read(name); err != nil {
			return nil, err
		}
	}
	return s, s.open()
}

// read keeps the newest records of a file. What can't be read, such as a line
// that was cut short, is passed over.
func (s *Records) read(name string) error {
	file, err := os.Open(name) //nolint:gosec // the data directory is the operator's
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewScanner(file)
	in.Buffer(nil, 4*maxEvent)
	for in.Scan() {
		var r Record
		if json.Unmarshal(in.Bytes(), &r) == nil {
			s.keep(r)
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	return nil
}

// open appends to the file, from a new line on.
func (s *Records) open() error {
	file, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	s.file, s.size = file, info.Size()
	if s.size == 0 {
		return nil
	}
	return s.write([]byte("\n"))
}

func (s *Records) write(line []byte) error {
	n, err := s.file.Write(line)
	s.size += int64(n)
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// rotate puts a full file aside.
func (s *Records) rotate() error {
	if s.size < maxRecordsFile {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("put records aside: %w", err)
	}
	if err := os.Rename(s.path, s.path+".1"); err != nil {
		return fmt.Errorf("put records aside: %w", err)
	}
	return s.open()
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
	if err := s.write(append(line, '\n')); err != nil {
		return err
	}
	return s.rotate()
}

// Last is the Seq of the newest record.
func (s *Records) Last() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
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
