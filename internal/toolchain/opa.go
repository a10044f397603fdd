package toolchain

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

func opaModule() module {
	return module{name: "opa", pkg: "github.com/open-policy-agent/opa", ldflags: "-s -w"}
}

// OPA is the path of the stock opa command at the version that the gate uses,
// built from tools/opa when it is not there yet. Only tests and benchmarks
// need it, so Setup does not get it. It needs the checkout and go on PATH, and
// says to w what it does.
func OPA(ctx context.Context, o Options, w io.Writer) (string, error) {
	m, err := newMachine(o)
	if err != nil {
		return "", err
	}
	return m.opa(ctx, func(format string, args ...any) { fmt.Fprintf(w, "  "+format+"\n", args...) })
}

// opa builds the command once; others wait, since tests of several packages
// may ask at the same time.
func (m *machine) opa(ctx context.Context, say progress) (string, error) {
	if err := os.MkdirAll(filepath.Join(m.dir, "bin"), 0o755); err != nil { //nolint:gosec // programs, for all users
		return "", fmt.Errorf("create the tools' folder: %w", err)
	}
	lock := flock.New(filepath.Join(m.dir, "opa.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("wait for another build of opa: %w", err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	if !opaModule().current(m) {
		if err := opaModule().build(ctx, m, say); err != nil {
			return "", err
		}
	}
	return m.bin("opa"), nil
}
