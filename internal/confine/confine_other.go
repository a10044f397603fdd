//go:build !linux || !(amd64 || arm64)

package confine

import (
	"context"
	"errors"
)

// Child does nothing on this system.
func Child() {}

func prove(context.Context, Options) error {
	return errors.New("it takes Linux namespaces and seccomp on amd64 or arm64; run the control plane there, or leave tools.command off")
}

func run(context.Context, Options, order) (outcome, error) {
	return outcome{}, errors.New("no confined commands on this system")
}
