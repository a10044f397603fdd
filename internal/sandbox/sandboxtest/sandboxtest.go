// Package sandboxtest starts sandboxes for tests, in the test's own process.
package sandboxtest

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
)

// Start runs an account in these regions, us-east-1 when none is given, without
// Postgres, and stops it at the end of the test.
func Start(tb testing.TB, regions ...string) *sandbox.Account {
	tb.Helper()
	opts := Options(tb, regions...)
	opts.PostgresBin = ""
	return StartWith(tb, opts)
}

// StartWithPostgres is Start with a private Postgres.
func StartWithPostgres(tb testing.TB, regions ...string) *sandbox.Account {
	tb.Helper()
	return StartWith(tb, Options(tb, regions...))
}

// Options are complete options for a sandbox in a folder of the test's own. A
// program that is missing on this machine fails the test.
func Options(tb testing.TB, regions ...string) sandbox.Options {
	tb.Helper()
	if len(regions) == 0 {
		regions = []string{"us-east-1"}
	}
	return sandbox.Options{
		DataDir: tb.TempDir(), Regions: regions, PostgresBin: postgresBin(tb), Moto: []string{motoServer(tb)},
		Alone:  time.Hour, // the test ends it
		Logger: slog.New(slog.NewTextHandler(logWriter{tb}, nil)),
	}
}

// StartWith runs an account with these options, and stops it at the end of the
// test.
func StartWith(tb testing.TB, opts sandbox.Options) *sandbox.Account {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- sandbox.Supervise(ctx, opts) }()
	tb.Cleanup(func() {
		cancel()
		require.ErrorIs(tb, <-ended, context.Canceled)
	})
	account, err := attach(tb.Context(), opts.DataDir, ended)
	require.NoError(tb, err)
	return account
}

func attach(ctx context.Context, dataDir string, ended chan error) (*sandbox.Account, error) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if account, err := sandbox.Attach(ctx, dataDir); err == nil {
			return account, nil
		}
		select {
		case err := <-ended:
			ended <- err
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}

func motoServer(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("moto_server")
	require.NoError(tb, err, "the AWS emulator is missing: run make setup")
	return path
}

func postgresBin(tb testing.TB) string {
	tb.Helper()
	candidates, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(tb, err)
	candidates = append(candidates, "/usr/local/pgsql/bin", "/usr/pgsql/bin")
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append([]string{filepath.Dir(path)}, candidates...)
	}
	for _, folder := range candidates {
		if _, err := os.Stat(filepath.Join(folder, "postgres")); err == nil {
			return folder
		}
	}
	require.Fail(tb, "Postgres server binaries are missing: run make setup")
	return ""
}

// logWriter writes to the test's log.
type logWriter struct{ tb testing.TB }

// Write implements io.Writer.
func (w logWriter) Write(line []byte) (int, error) {
	w.tb.Helper()
	w.tb.Log(string(line))
	return len(line), nil
}
