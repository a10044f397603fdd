package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// version is what `pulumi plugin ls` and `pulumi about` show.
const version = "0.1.0"

// bailed is the exit code of a program that has told the engine its error.
const bailed = 32

// host is the language runtime that the engine calls.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

// GetPluginInfo names the version of this program.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// GetRequiredPlugins lists none: each registered resource names its plugin and
// version itself.
func (h *host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// GetRequiredPackages lists none, as GetRequiredPlugins does.
func (h *host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Run runs the program to its end. A program that fails is an answer; an
// error is that it could not be run.
func (h *host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	program, err := prepare(ctx, r.GetInfo())
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	defer program.remove()
	env, err := h.environment(r)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program.path, r.GetArgs()...) //nolint:gosec // the program that Pulumi.yaml names
	cmd.Dir = r.GetInfo().GetProgramDirectory()
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return answer(program.path, runTied(cmd))
}

func answer(path string, err error) (*pulumirpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == bailed:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("run %s: %v", path, err)}, nil
	}
}

// runTied runs the command so that it cannot outlive this program. The kernel
// watches the thread that forks, so the goroutine keeps it until the end.
func runTied(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithParent(cmd)
	return cmd.Run()
}

// environment is how Pulumi's Go SDK learns what it runs for.
func (h *host) environment(r *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(r.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	secretKeys, err := json.Marshal(r.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("encode secret keys: %w", err)
	}
	return []string{
		"PULUMI_ORGANIZATION=" + r.GetOrganization(),
		"PULUMI_PROJECT=" + r.GetProject(),
		"PULUMI_STACK=" + r.GetStack(),
		"PULUMI_ROOT_DIRECTORY=" + r.GetInfo().GetRootDirectory(),
		"PULUMI_CONFIG=" + string(config),
		"PULUMI_CONFIG_SECRET_KEYS=" + string(secretKeys),
		fmt.Sprintf("PULUMI_DRY_RUN=%t", r.GetDryRun()),
		fmt.Sprintf("PULUMI_PARALLEL=%d", r.GetParallel()),
		"PULUMI_MONITOR=" + r.GetMonitorAddress(),
		"PULUMI_ENGINE=" + h.engine,
	}, nil
}
