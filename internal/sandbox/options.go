// Package sandbox is the product's local AWS account and private Postgres. A
// supervisor process runs them, apart from the process that uses them, so that
// the account lives on when its user is killed, as AWS would.
package sandbox

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// AccountID is the emulated account.
const AccountID = "123456789012"

// DefaultRegions are the estate's regions, the primary first.
func DefaultRegions() []string { return []string{"us-east-1", "eu-west-1", "ap-southeast-1"} }

// Options say what a sandbox consists of and where it keeps its state.
type Options struct {
	// DataDir holds everything; it is created, mode 0700.
	DataDir string
	// Regions of the account, the primary first; empty means DefaultRegions.
	// An account that exists keeps its regions.
	Regions []string
	// PostgresBin is the folder of initdb and postgres. Empty means no Postgres.
	PostgresBin string
	// Moto is the emulator's command, such as ["/usr/bin/moto_server"].
	Moto []string
	// Executable is the path of aegis; Start runs
	// "<Executable> sandbox supervise --data-dir DIR" with Arguments after it.
	Executable string
	// Arguments are added to the supervisor's command line.
	Arguments []string
	// Alone is how long the supervisor stays without a holder; 0 is 10 min.
	Alone  time.Duration
	Logger *slog.Logger
	// Now is the clock by which signatures and sessions are judged; nil is
	// time.Now. It is for tests.
	Now func() time.Time
}

var regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// prepared fills defaults, checks, and makes the folders.
func (o Options) prepared() (Options, error) {
	if o.DataDir == "" {
		return o, fmt.Errorf("prepare sandbox: no data directory given")
	}
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return o, fmt.Errorf("prepare sandbox: %w", err)
	}
	o.DataDir = dir
	if len(o.Regions) == 0 {
		o.Regions = DefaultRegions()
	}
	for _, region := range o.Regions {
		if !regionForm.MatchString(region) {
			return o, fmt.Errorf("prepare sandbox: %q is no region", region)
		}
	}
	if o.Alone == 0 {
		o.Alone = 10 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for _, folder := range []string{o.DataDir, o.stateDir()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return o, fmt.Errorf("prepare sandbox: %w", err)
		}
	}
	// It holds secrets, whoever made it.
	if err := os.Chmod(o.stateDir(), 0o700); err != nil { //nolint:gosec // a folder needs its x
		return o, fmt.Errorf("prepare sandbox: %w", err)
	}
	return o, nil
}

// stateDir is where the supervisor keeps what is its own.
func (o Options) stateDir() string { return stateDir(o.DataDir) }

func stateDir(dataDir string) string { return filepath.Join(dataDir, "sandbox") }

func (o Options) statePath(name string) string { return filepath.Join(o.stateDir(), name) }

// choices are the options that the supervisor is told through the data
// directory.
type choices struct {
	Regions     []string      `json:"regions"`
	PostgresBin string        `json:"postgres_bin"`
	Moto        []string      `json:"moto"`
	Alone       time.Duration `json:"alone_ns"`
}

func (o Options) remember() error {
	return writeJSON(o.statePath("options.json"), choices{o.Regions, o.PostgresBin, o.Moto, o.Alone})
}

// recalled fills empty fields with what Start was given, and prepares.
func (o Options) recalled() (Options, error) {
	if len(o.Moto) == 0 {
		var c choices
		if err := readJSON(filepath.Join(stateDir(o.DataDir), "options.json"), &c); err != nil {
			return o, err
		}
		o.Moto, o.Alone = c.Moto, c.Alone
		if len(o.Regions) == 0 {
			o.Regions = c.Regions
		}
		if o.PostgresBin == "" {
			o.PostgresBin = c.PostgresBin
		}
	}
	return o.prepared()
}
