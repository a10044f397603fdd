package engine

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
)

// lockTimeout is how long Terraform itself waits for a lock, which covers one
// that a dying process still holds.
const lockTimeout = "-lock-timeout=10s"

// collection is the pace of garbage collection (Go's GOGC) of Terraform and its
// provider: commands are short, and at Go's own, 100, a plan of one resource spends a
// quarter of its processor time on it, against a quarter more memory at this.
const collection = "300"

// terraform runs the CLI as its own user, in an environment built from nothing,
// and returns its exit code. The error has what it wrote to standard error.
func (w *tfWorkspace) terraform(ctx context.Context, stdout io.Writer, args ...string) (int, error) {
	return w.place.start(ctx, child{args: args, dir: w.work, env: w.env(), stdout: stdout, grace: w.cfg.CancelGrace})
}

// output runs the CLI for what it prints.
func (w *tfWorkspace) output(ctx context.Context, args ...string) ([]byte, error) {
	var out bytes.Buffer
	_, err := w.terraform(ctx, &out, args...)
	return out.Bytes(), err
}

func (w *tfWorkspace) env() []string {
	env := []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + w.path("home"),
		"TMPDIR=" + w.path("tmp"),
		"LANG=C.UTF-8",
		"TZ=UTC",
		"CHECKPOINT_DISABLE=1",
		"TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
		"GOGC=" + collection,
		"TF_DATA_DIR=" + w.dataDir(),
		"AEGIS_ENGINE=" + w.cfg.TerraformCLI,
		// Terraform writes it into locks, unless its user has a name.
		"USER=" + w.lockUser(),
	}
	env = append(env, w.cfg.awsEnv(w.run.Stack.Region, w.key)...)
	if w.cfg.TerraformRC != "" {
		env = append(env, "TF_CLI_CONFIG_FILE="+w.place.rc())
	}
	for _, name := range slices.Sorted(maps.Keys(w.run.Stack.Source.Variables)) {
		env = append(env, "TF_VAR_"+name+"="+w.run.Stack.Source.Variables[name])
	}
	return env
}
