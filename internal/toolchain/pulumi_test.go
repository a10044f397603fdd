package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindPulumi(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		onPath, inBin, want string
	}{
		"takes the one on PATH":                        {"v3.225.1", "v3.220.0", "PATH"},
		"not one that is too old":                      {"v3.219.9", "v3.220.0", "built from tools/pulumi"},
		"nor one that is too new":                      {"v4.0.0", "v3.220.0", "built from tools/pulumi"},
		"nor one that prints no version":               {"dev", "v3.220.0", "built from tools/pulumi"},
		"nor the one in bin when it is too old either": {"", "v3.100.0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			if test.onPath != "" {
				f.program(t, "pulumi", "echo "+test.onPath)
			}
			f.write(t, f.bin("pulumi"), "#!/bin/sh\necho "+test.inBin+"\n")
			tools := f.noTools()
			item := findPulumi(t.Context(), f.machine, &tools)
			require.Equal(t, test.want, item.Origin)
			require.Equal(t, test.want != "", item.OK)
			require.Equal(t, item.Path, tools.PulumiCLI)
		})
	}
}

// release packs programs as Pulumi's releases are.
func release(t *testing.T, programs map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	files := tar.NewWriter(zipped)
	for name, content := range programs {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))}))
		_, err := files.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}

// publish serves a release and its checksums.
func (f *fakeMachine) publish(t *testing.T, archive []byte, checksum string) {
	t.Helper()
	const name = "pulumi-v3.220.0-linux-x64.tar.gz"
	mux := http.NewServeMux()
	mux.HandleFunc("/sdk/"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
	mux.HandleFunc("/sdk/pulumi-3.220.0-checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%064d  pulumi-v3.220.0-darwin-x64.tar.gz\n%s  %s\n", 0, checksum, name)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.sites.pulumi = server.URL
}

func TestGetPulumiDownloads(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	archive := release(t, map[string]string{
		"pulumi/pulumi":             "#!/bin/sh\necho v3.220.0\n",
		"pulumi/pulumi-language-go": "#!/bin/sh\n",
		"../../escape":              "#!/bin/sh\n",
	})
	f.publish(t, archive, sha256Hex(archive))
	tools := f.noTools()
	require.NoError(t, getPulumi(t.Context(), f.machine, &tools, quiet))
	item := findPulumi(t.Context(), f.machine, &tools)
	require.True(t, item.OK)
	require.Equal(t, "downloaded", item.Origin)
	require.False(t, pulumiCLI().stale(f.machine, &tools), "a release is not rebuilt")
	require.Equal(t, "downloaded", findLanguageHost(t.Context(), f.machine, &tools).Origin)
	require.False(t, languageHost().stale(f.machine, &tools))
}

func TestGetPulumiBuildsWhereNoReleaseCanBeHad(t *testing.T) {
	t.Parallel()
	whole := release(t, map[string]string{"pulumi/pulumi": "#!/bin/sh\n", "pulumi/pulumi-language-go": "#!/bin/sh\n"})
	half := release(t, map[string]string{"pulumi/pulumi": "#!/bin/sh\n"})
	for name, publish := range map[string]func(*testing.T, *fakeMachine){
		"as there is none":                  func(*testing.T, *fakeMachine) {},
		"as the checksum differs":           func(t *testing.T, f *fakeMachine) { t.Helper(); f.publish(t, whole, sha256Hex(half)) },
		"as it is not whole":                func(t *testing.T, f *fakeMachine) { t.Helper(); f.publish(t, half, sha256Hex(half)) },
		"as it is no archive":               func(t *testing.T, f *fakeMachine) { t.Helper(); f.publish(t, []byte("no"), sha256Hex([]byte("no"))) },
		"as there is none for this machine": func(_ *testing.T, f *fakeMachine) { f.arch = "riscv64" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.compiler(t)
			publish(t, f)
			tools := f.noTools()
			var told []string
			require.NoError(t, getPulumi(t.Context(), f.machine, &tools, func(format string, args ...any) {
				told = append(told, fmt.Sprintf(format, args...))
			}))
			require.Contains(t, told[len(told)-1], "building tools/pulumi")
			require.Equal(t, "built from tools/pulumi", findPulumi(t.Context(), f.machine, &tools).Origin)
		})
	}
}

func TestFindLanguageHostBesideTheCLI(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tools := f.noTools()
	require.False(t, findLanguageHost(t.Context(), f.machine, &tools).OK)
	tools.PulumiCLI = f.program(t, "pulumi", "")
	want := f.program(t, "pulumi-language-go", "")
	item := findLanguageHost(t.Context(), f.machine, &tools)
	require.True(t, item.OK)
	require.Equal(t, "beside the Pulumi CLI", item.Origin)
	require.Equal(t, want, tools.LanguageHost)
}
