package front

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// errDiverged says that a replay did not rebuild what was there.
var errDiverged = errors.New("the replay diverged")

// Continuity says how an account relates to what the data directory held.
type Continuity string

// The continuities.
const (
	// Fresh is an account that began with nothing.
	Fresh Continuity = "fresh"
	// Replayed is the account as it was.
	Replayed Continuity = "replayed"
	// Diverged is an account that could not be rebuilt and began anew.
	Diverged Continuity = "diverged"
)

// Connect replays the region's journal into a newly started emulator and
// serves from it. It returns the number of calls replayed, and an error that
// matches IsDiverged when the journal could not be followed; the region is
// then not served until Reset.
func (f *Front) Connect(ctx context.Context, name string, emulator http.RoundTripper) (int, error) {
	r := f.byName[name]
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.world.fault != nil {
		return 0, fmt.Errorf("replay the front's own journal: %w", f.world.fault)
	}
	r.emulator, r.touched = nil, map[string]bool{}
	replayed := 0
	err := r.journal.read(func(n int, e entry) error {
		replayed = n
		return f.replayEntry(ctx, r, emulator, e)
	})
	if err != nil {
		return replayed, fmt.Errorf("replay region %s, call %d: %w", name, replayed, err)
	}
	r.emulator = emulator
	return replayed, r.restart(ctx)
}

// restart lets the emulator's clock run on after a replay.
func (r *region) restart(ctx context.Context) error {
	seed, err := newSeed()
	if err != nil {
		return err
	}
	return r.release(ctx, seed)
}

// IsDiverged says that err comes of a replay that came out differently.
func IsDiverged(err error) bool { return errors.Is(err, errDiverged) }

func (f *Front) replayEntry(ctx context.Context, r *region, emulator http.RoundTripper, e entry) error {
	c, err := e.call()
	if err != nil {
		return fmt.Errorf("%w: %w", errDiverged, err)
	}
	if e.Native {
		f.learn(c, wire.Response{Status: e.Status})
		return nil
	}
	resp, err := chosen(ctx, emulator, c, e.At, e.Seed)
	if err != nil {
		return err
	}
	if resp.Status != e.Status || digest(resp) != e.Digest {
		return fmt.Errorf("%w: %s %s answered differently (status %d, was %d)", errDiverged, e.Service, e.Action, resp.Status, e.Status)
	}
	r.touched[e.Service] = true
	if r == f.primary() || !globalService(e.Service) {
		f.learn(c, resp)
	}
	return nil
}

// Disconnect stops serving a region whose emulator ended; calls to it get a
// retryable fault until Connect.
func (f *Front) Disconnect(name string) {
	r := f.byName[name]
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emulator = nil
}

// Reset begins the account anew: emulators (by region) are emptied, journals
// set aside under names that bear the time.
func (f *Front) Reset(ctx context.Context, emulators map[string]http.RoundTripper) error {
	suffix := ".diverged-" + strconv.FormatInt(f.now().Unix(), 10)
	for name, r := range f.byName {
		if err := r.reset(ctx, emulators[name], suffix); err != nil {
			return fmt.Errorf("reset region %s: %w", name, err)
		}
	}
	if err := f.world.reset(suffix); err != nil {
		return err
	}
	f.access.forget()
	if err := f.keys.clear(); err != nil {
		return err
	}
	f.buckets.clear()
	f.notes.clear()
	f.paths.clear()
	return nil
}

func (r *region) reset(ctx context.Context, emulator http.RoundTripper, suffix string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.journal.setAside(r.journal.path + suffix); err != nil {
		return err
	}
	c := wire.Call{Service: "moto-api", Region: r.name, Method: http.MethodPost, URL: &url.URL{Path: "/moto-api/reset"}}
	if _, err := send(ctx, emulator, c); err != nil {
		return err
	}
	r.emulator, r.touched = emulator, map[string]bool{}
	return nil
}

// Times in answers: ISO 8601, RFC 1123, and seconds since 1970 with or without
// a fraction or as milliseconds.
var answerTimes = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?|` +
	`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|\b1\d{9}(\d{3})?(\.\d+)?\b`)

// digest identifies an answer but for the times in it.
func digest(resp wire.Response) string {
	sum := sha256.New()
	sum.Write([]byte(strconv.Itoa(resp.Status)))
	sum.Write(answerTimes.ReplaceAll(resp.Body, []byte("T")))
	return hex.EncodeToString(sum.Sum(nil))
}

// requestTime is the clock in CloudTrail's resolution.
func (f *Front) requestTime() time.Time { return f.now().UTC().Truncate(time.Second) }
