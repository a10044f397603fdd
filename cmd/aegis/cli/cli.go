// Package cli holds the verbs of the aegis binary, one file per verb. Most are
// clients of the API; those that run things call Operations, so that this
// package links no engine and its tests none either.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// Streams are where a verb reads and writes.
type Streams struct {
	Out, Err io.Writer
	// Terminal says that Out is one, so that progress may redraw.
	Terminal bool
}

// Exit codes of the contract.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitFound   = 3
)

// cli is what all verbs share.
type cli struct {
	Streams

	getenv func(string) string
	ops    Operations
	now    func() time.Time

	url, token, output string
}

// Run runs one command line and returns the exit code: 0 success, 1 failure, 2
// wrong usage, 3 where --fail-on was asked for and found.
func Run(ctx context.Context, args []string, s Streams, getenv func(string) string, ops Operations) int {
	c := &cli{
		Streams: Streams{Out: &textWriter{s.Out}, Err: &textWriter{s.Err}, Terminal: s.Terminal},
		getenv:  getenv, ops: ops, now: time.Now,
	}
	root := c.root(s.Out) //nolint:contextcheck // verbs take their context from cobra
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return c.report(ctx, cmd, err)
}

// report tells what went wrong and gives the exit code.
func (c *cli) report(ctx context.Context, cmd *cobra.Command, err error) int {
	usage, isUsage := errors.AsType[*usageError](err)
	found, isFound := errors.AsType[*foundError](err)
	switch {
	case err == nil:
		return exitOK
	case isUsage:
		c.complain("%s\nSee: %s --help", usage.message, cmd.CommandPath())
		return exitUsage
	case isFound:
		c.complain("%s", found.message)
		return exitFound
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		c.complain("interrupted")
		return exitFailure
	default:
		c.complain("%s", explain(err, c.url))
		return exitFailure
	}
}

func (c *cli) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Err, "aegis: "+format+"\n", args...) // nobody is left to tell
}

// explain adds what would help to an error.
func explain(err error, url string) string {
	text := err.Error()
	if p, ok := errors.AsType[*client.Error](err); ok && len(p.Fields) > 0 {
		lines := make([]string, len(p.Fields))
		for i, f := range p.Fields {
			lines[i] = "  " + f.Field + ": " + f.Message
		}
		text = "the API refused the request:\n" + strings.Join(lines, "\n")
	}
	switch {
	case errors.Is(err, aegis.ErrUnauthenticated):
		return text + "\nSet AEGIS_TOKEN or --token to a valid token; the sandbox writes one to its --ready-file."
	case errors.Is(err, aegis.ErrForbidden) && !strings.Contains(text, "may not operate any more"): // of an agent, whoever asks
		return text + "\nAsk an admin for a token with a wider role: aegis token create --role operator NAME"
	case errors.Is(err, aegis.ErrUnavailable) && url != "":
		return text + "\nIs the API running at " + url + "? Set AEGIS_URL or --url, or start one: aegis sandbox"
	default:
		return text
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// foundError is what --fail-on asked for.
type foundError struct{ message string }

func (e *foundError) Error() string { return e.message }

func found(format string, args ...any) error { return &foundError{fmt.Sprintf(format, args...)} }
