// Command aegis is the one binary of AegisWorld: `aegis sandbox` runs
// everything on this machine, `aegis serve` runs against real services, and
// the other verbs are clients of the API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/aegisworld/aegis/cmd/aegis/cli"
	"github.com/aegisworld/aegis/internal/app"
)

// version is stamped by the linker, as main.version.
var version = "unknown"

func main() {
	app.Child() // a confined child of this program becomes the command that it was started for
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	streams := cli.Streams{Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stdout.Fd()))}
	return cli.Run(ctx, os.Args[1:], streams, os.Getenv, operations())
}
