package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// program is an executable that is ready to run.
type program struct {
	path string
	// built is the folder to remove afterwards, "" for a prebuilt program.
	built string
}

func (p program) remove() {
	if p.built != "" {
		_ = os.RemoveAll(p.built)
	}
}

// prepare finds the prebuilt program of option `binary`, or builds the one in
// the program's folder.
func prepare(ctx context.Context, info *pulumirpc.ProgramInfo) (program, error) {
	name := info.GetOptions().GetFields()["binary"].GetStringValue()
	if name == "" {
		return build(ctx, info.GetProgramDirectory())
	}
	path, err := find(name, info.GetProgramDirectory(), info.GetRootDirectory())
	if err != nil {
		return program{}, err
	}
	return program{path: path}, nil
}

// find looks for a binary in the folders, then on PATH.
func find(name string, folders ...string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("find program %s (option binary of Pulumi.yaml): %w", name, err)
	}
	return filepath.Abs(path)
}

// build compiles the package in a folder. `go run` is no alternative: killing
// it leaves its child running.
func build(ctx context.Context, folder string) (program, error) {
	temporary, err := os.MkdirTemp("", "pulumi-language-go-")
	if err != nil {
		return program{}, fmt.Errorf("make a folder for the program: %w", err)
	}
	p := program{path: filepath.Join(temporary, "program"), built: temporary}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", p.path, ".") //nolint:gosec // a path of our own
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil {
		p.remove()
		return program{}, fmt.Errorf("go build in %s: %w\n%s", folder, err, output)
	}
	return p, nil
}
