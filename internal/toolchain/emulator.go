package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

const emulatorName = "moto_server"

func awsEmulator() piece {
	return piece{
		name:     "AWS emulator",
		required: true,
		sandbox:  true,
		remedy: "`pip install 'moto[server]==" + motoVersion +
			"'` so that moto_server is on PATH, or set AEGIS_AWS_EMULATOR_URL to one that runs",
		find: findEmulator,
		get:  getEmulator,
	}
}

// findEmulator takes what is configured, the program on PATH, or the one in
// the virtual environment that Setup made.
func findEmulator(ctx context.Context, m *machine, tools *Tools) Item {
	if url := m.env("AEGIS_AWS_EMULATOR_URL"); url != "" {
		tools.EmulatorURL = url
		return Item{Path: url, Origin: "AEGIS_AWS_EMULATOR_URL", OK: true}
	}
	if path := m.behindShim(ctx, m.lookPath(emulatorName)); path != "" {
		tools.Moto = []string{path}
		return Item{Path: path, Origin: "PATH", OK: true}
	}
	if path := filepath.Join(m.venv(), "bin", emulatorName); isExecutable(path) {
		tools.Moto = []string{path}
		return Item{Version: motoVersion, Path: path, Origin: "a virtual environment", OK: true}
	}
	return Item{}
}

// behindShim resolves a shim of pyenv, which costs half a second at each start
// and needs the user's home folder.
func (m *machine) behindShim(ctx context.Context, path string) string {
	if filepath.Base(filepath.Dir(path)) != "shims" {
		return path
	}
	pyenv := m.lookPath("pyenv")
	if pyenv == "" {
		return path
	}
	output, err := m.run(ctx, command{path: pyenv, args: []string{"which", filepath.Base(path)}})
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(output))
}

func (m *machine) venv() string { return filepath.Join(m.dir, "moto") }

// getEmulator installs moto with pip into a virtual environment.
func getEmulator(ctx context.Context, m *machine, _ *Tools, say progress) error {
	python := m.behindShim(ctx, m.lookPath("python3"))
	if python == "" {
		return errors.New("install the AWS emulator: no python3 on PATH")
	}
	say("installing moto %s into %s", motoVersion, m.venv())
	steps := []command{
		{path: python, args: []string{"-m", "venv", m.venv()}},
		{path: filepath.Join(m.venv(), "bin", "pip"), args: []string{
			"install", "--quiet", "--disable-pip-version-check", "--timeout", "5", "--retries", "1", "moto[server]==" + motoVersion,
		}},
	}
	for _, step := range steps {
		if _, err := m.run(ctx, step); err != nil {
			return fmt.Errorf("install the AWS emulator: %w", err)
		}
	}
	return nil
}
