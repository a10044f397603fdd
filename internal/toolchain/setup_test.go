package toolchain

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"
)

// equipped has what Setup cannot build, and a compiler.
func equipped(t *testing.T) *fakeMachine {
	t.Helper()
	f := newFake(t)
	f.compiler(t)
	f.program(t, "terraform", "echo Terraform v1.11.4")
	f.program(t, emulatorName, "")
	f.mirrored(t, filepath.Join(f.filesystem, "opt", "mirror"))
	f.postgres(t, "usr/lib/postgresql/15/bin", "15.18")
	return f
}

func TestSetupBuildsOnce(t *testing.T) {
	t.Parallel()
	f := equipped(t)
	var first, second bytes.Buffer
	require.NoError(t, f.setup(t.Context(), &first))
	for _, b := range []module{cliModule(), hostModule(), pluginModule()} {
		require.Contains(t, first.String(), "building tools/"+b.name)
	}
	require.Contains(t, first.String(), "the official AWS plugin cannot be downloaded")
	tools := f.detect(t.Context())
	require.True(t, tools.Complete())
	require.False(t, tools.AWSPluginOfficial)
	require.Equal(t, f.configFile(), tools.TerraformRC)
	require.FileExists(t, f.bin("terraform-provider-aws_v5.100.0_x5"))
	require.FileExists(t, filepath.Join(filepath.Dir(tools.AWSPlugin), "terraform-provider-aws_v5.100.0_x5"))

	require.NoError(t, f.setup(t.Context(), &second))
	require.NotContains(t, second.String(), "building")
	require.NotContains(t, second.String(), "writing")
	require.NotContains(t, second.String(), "download")
}

func TestSetupRebuildsWhatChanged(t *testing.T) {
	t.Parallel()
	f := equipped(t)
	require.NoError(t, f.setup(t.Context(), &bytes.Buffer{}))
	f.write(t, filepath.Join(pluginModule().folder(f.machine), "main.go"), "package main")
	var again bytes.Buffer
	require.NoError(t, f.setup(t.Context(), &again))
	require.Contains(t, again.String(), "building tools/pulumi-resource-aws")
	require.NotContains(t, again.String(), "building tools/pulumi ")
}

func TestSetupNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := equipped(t)
	require.NoError(t, os.RemoveAll(filepath.Join(f.filesystem, "usr")))
	require.NoError(t, os.Remove(filepath.Join(f.path, emulatorName)))
	var told bytes.Buffer
	err := f.setup(t.Context(), &told)
	require.ErrorContains(t, err, "PostgreSQL server is missing: install PostgreSQL")
	require.ErrorContains(t, err, "AWS emulator is missing")
	require.NotContains(t, err.Error(), "Terraform")
	require.Contains(t, told.String(), "missing (optional)")
}

func TestFailedBuildIsNotTaken(t *testing.T) {
	t.Parallel()
	f := equipped(t)
	f.program(t, "go", "echo 'undefined: x' >&2; exit 1")
	var told bytes.Buffer
	err := f.setup(t.Context(), &told)
	require.ErrorContains(t, err, "Pulumi CLI is missing")
	require.Contains(t, told.String(), "undefined: x")
	require.NoFileExists(t, f.stampFile("pulumi"))
}

func TestSetupWaitsForAnother(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	other := flock.New(filepath.Join(f.dir, "setup.lock"))
	require.NoError(t, other.Lock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Setup(ctx, Options{Root: f.root}, io.Discard)
	require.ErrorContains(t, err, "wait for another setup")
	require.ErrorIs(t, err, context.Canceled)
}
