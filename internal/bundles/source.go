// Package bundles fetches policy bundles from where operators keep them: a
// directory, a web server, a bucket. What it finds goes to the one door; it
// never decides what runs.
package bundles

import (
	"context"
	"time"
)

// Fetch looks for a bundle other than the one of that version, "" for any. It
// returns the bundle as a .tar.gz and its version, or nil when there is no
// other one. It may wait for one as long as ctx lets it.
type Fetch func(ctx context.Context, version string) (archive []byte, next string, err error)

// Source is one place that bundles come from.
type Source struct {
	// Name is what people see of it, such as "https://example.com/b.tar.gz";
	// it holds no credentials.
	Name  string
	Fetch Fetch
	// Interval is the pause between two looks; 0 is 10 s.
	Interval time.Duration
}

// defaultInterval is the pause between two looks at a source, and longestPause
// the longest after errors.
const (
	defaultInterval = 10 * time.Second
	longestPause    = 2 * time.Minute
)
