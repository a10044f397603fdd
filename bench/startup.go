package bench

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Startup times a client verb of the binary from exec to exit.
func Startup(ctx context.Context, executable string, w io.Writer) error {
	const runs = 20
	var samples []time.Duration
	for range runs {
		start := time.Now()
		if err := exec.CommandContext(ctx, executable, "version").Run(); err != nil {
			return fmt.Errorf("run %s version: %w", executable, err)
		}
		samples = append(samples, time.Since(start))
	}
	r := report{title: "Start of a CLI verb"}
	r.duration("p50", percentile(samples, 0.5), 150*time.Millisecond)
	return r.write(w)
}
