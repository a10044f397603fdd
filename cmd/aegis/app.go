package main

import (
	"context"
	"io"

	"github.com/aegisworld/aegis/cmd/aegis/cli"
	"github.com/aegisworld/aegis/internal/app"
	"github.com/aegisworld/aegis/internal/estate"
)

// operations wires the verbs that run things to internal/app.
func operations() cli.Operations {
	app.Version = version
	return cli.Operations{
		Version:     version,
		Supervise:   app.Supervise,
		SandboxStop: app.SandboxStop,
		SandboxEnv:  app.SandboxEnv,
		SetFault:    setFault,
		ListFaults:  listFaults,
		ClearFaults: clearFaults,
		Doctor:      app.Doctor,
		Setup:       app.Setup,
		Sandbox: func(ctx context.Context, o cli.SandboxOptions) error {
			return app.Sandbox(ctx, app.SandboxOptions(o))
		},
		Serve: func(ctx context.Context, o cli.ServeOptions) error {
			return app.Serve(ctx, app.ServeOptions(o))
		},
		Estate: func(o cli.EstateOptions) (estate.Estate, error) {
			return app.Estate(app.EstateOptions(o))
		},
		Bootstrap: func(ctx context.Context, o cli.BootstrapOptions, w io.Writer) error {
			return app.Bootstrap(ctx, app.BootstrapOptions(o), w)
		},
		Bench: func(ctx context.Context, o cli.BenchOptions, w io.Writer) error {
			return app.Bench(ctx, app.BenchOptions(o), w)
		},
		LedgerWorker: app.LedgerWorker,
	}
}

func setFault(ctx context.Context, dataDir string, f cli.Fault) (cli.Fault, error) {
	faults, err := app.Faults(ctx, dataDir)
	if err != nil {
		return f, err
	}
	return faults.Set(ctx, f)
}

func listFaults(ctx context.Context, dataDir string) ([]cli.Fault, error) {
	faults, err := app.Faults(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	found, err := faults.List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]cli.Fault, len(found))
	for i, f := range found {
		all[i] = f
	}
	return all, nil
}

func clearFaults(ctx context.Context, dataDir, id string) (int, error) {
	faults, err := app.Faults(ctx, dataDir)
	if err != nil {
		return 0, err
	}
	return faults.Clear(ctx, id)
}
