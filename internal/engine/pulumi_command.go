package engine

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3"
)

// readGrace is how long a run that only reads may take to stop.
const readGrace = 5 * time.Second

// pulumiCommand runs the CLI for the Automation API, in an environment that
// inherits nothing. It saves calls: the outputs and the history that the API
// reads after each update come from the engine's events instead.
type pulumiCommand struct {
	cfg  Config
	port int
	// judged makes an update preview first, in the same process, and bind itself
	// to that preview; events go to eventLog.
	judged   bool
	eventLog string
}

func newPulumiCommand(cfg Config, providerPort int) *pulumiCommand {
	return &pulumiCommand{cfg: cfg, port: providerPort}
}

// Version is the one that this module is built with; the toolchain pins the CLI.
func (*pulumiCommand) Version() semver.Version { return sdk.Version }

// Run runs the CLI as auto.PulumiCommand demands.
func (c *pulumiCommand) Run(
	ctx context.Context, workdir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	if answer, ok := saved(args); ok {
		return answer, "", 0, nil
	}
	for {
		var stdout, stderr bytes.Buffer
		code, err := child{
			path:   c.cfg.PulumiCLI,
			args:   c.arguments(args),
			dir:    workdir,
			env:    slices.Concat(c.cfg.pulumiEnv(), env, []string{"PULUMI_DEBUG_PROVIDERS=aws:" + strconv.Itoa(c.port)}),
			stdin:  stdin,
			stdout: io.MultiWriter(append(slices.Clone(stdouts), &stdout)...),
			stderr: io.MultiWriter(append(slices.Clone(stderrs), &stderr)...),
			grace:  c.grace(args),
		}.run(ctx)
		if err != nil && firstUse(stderr.String()) && stdin == nil {
			continue
		}
		return stdout.String(), stderr.String(), code, err
	}
}

// grace is how long the CLI may take to stop. A run that writes nothing has
// nothing to bring to an end.
func (c *pulumiCommand) grace(args []string) time.Duration {
	if args[0] == "preview" || slices.Contains(args, "--preview-only") {
		return min(c.cfg.CancelGrace, readGrace)
	}
	return c.cfg.CancelGrace
}

// firstUse says that several processes made the Postgres backend's table at
// once, and this one was late. Nothing else was done: now the table is there.
func firstUse(stderr string) bool {
	return strings.Contains(stderr, "unable to open bucket") && strings.Contains(stderr, "failed to create table") &&
		(strings.Contains(stderr, "duplicate key value") || strings.Contains(stderr, "already exists"))
}

// saved answers the calls that an update is followed by.
func saved(args []string) (string, bool) {
	switch {
	case len(args) < 2 || args[0] != "stack":
		return "", false
	case args[1] == "output":
		return "{}", true
	case args[1] == "history":
		return "[]", true
	default:
		return "", false
	}
}

func (c *pulumiCommand) arguments(args []string) []string {
	args = append(slices.Clone(args), "--non-interactive")
	if !c.judged {
		return args
	}
	args = slices.DeleteFunc(args, func(a string) bool {
		return a == "--skip-preview" || strings.HasPrefix(a, "--event-log")
	})
	return append(args, "--strict", "--event-log=tcp://"+c.eventLog)
}
