package sandbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/aegisworld/aegis/internal/sandbox"
)

// TestMain lets the test binary stand for aegis: Start runs it as
// "sandbox supervise --data-dir DIR".
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "sandbox" && os.Args[2] == "supervise" {
		os.Exit(supervise(os.Args[4]))
	}
	os.Exit(m.Run())
}

func supervise(dataDir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := sandbox.Supervise(ctx, sandbox.Options{DataDir: dataDir, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
