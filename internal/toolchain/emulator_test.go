package toolchain

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindEmulator(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	find := func() (Tools, Item) {
		tools := f.noTools()
		item := findEmulator(t.Context(), f.machine, &tools)
		return tools, item
	}
	_, item := find()
	require.False(t, item.OK)

	venv := filepath.Join(f.venv(), "bin", emulatorName)
	f.write(t, venv, "")
	tools, _ := find()
	require.Equal(t, []string{venv}, tools.Moto)

	shim := filepath.Join(f.filesystem, "pyenv", "shims", emulatorName)
	f.write(t, shim, "")
	f.vars["PATH"] += ":" + filepath.Dir(shim)
	f.program(t, "pyenv", `[ "$1 $2" = "which moto_server" ] && echo /versions/3/bin/moto_server`)
	tools, _ = find()
	require.Equal(t, []string{"/versions/3/bin/moto_server"}, tools.Moto, "what the shim would start")

	onPath := f.program(t, emulatorName, "")
	tools, _ = find()
	require.Equal(t, []string{onPath}, tools.Moto)

	f.vars["AEGIS_AWS_EMULATOR_URL"] = "http://127.0.0.1:5000"
	tools, _ = find()
	require.Empty(t, tools.Moto)
	require.Equal(t, "http://127.0.0.1:5000", tools.EmulatorURL)
}

func TestGetEmulatorIntoAVirtualEnvironment(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tools := f.noTools()
	require.ErrorContains(t, getEmulator(t.Context(), f.machine, &tools, quiet), "no python3")

	f.program(t, "python3", `[ "$1 $2" = "-m venv" ] || exit 1
mkdir -p "$3/bin"
printf '#!/bin/sh\nfor last; do :; done\n[ "$last" = "moto[server]==5.2.1" ] && touch "$(dirname "$0")/moto_server" && chmod +x "$(dirname "$0")/moto_server"\n' >"$3/bin/pip"
chmod +x "$3/bin/pip"`)
	require.NoError(t, getEmulator(t.Context(), f.machine, &tools, quiet))
	require.True(t, findEmulator(t.Context(), f.machine, &tools).OK)
}
