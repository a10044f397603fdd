package tfsource_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
)

// kept is an archive store in memory.
type kept map[string][]byte

func (k kept) SaveArchive(_ context.Context, digest string, archive []byte) error {
	k[digest] = archive
	return nil
}

func (k kept) Archive(_ context.Context, digest string) ([]byte, error) {
	if k[digest] == nil {
		return nil, aegis.ErrNotFound
	}
	return k[digest], nil
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

func pack(t *testing.T, entries ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, h := range entries {
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write(bytes.Repeat([]byte("#"), int(h.Size)))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"in/live/main.tf": `module "m" { source = "../modules/m" }`, "in/live/terraform.tfstate": "{}", "in/live/.terraform/x": "",
		"in/live/terraform.tfvars": "", "in/modules/m/main.tf": "", "in/modules/other/main.tf": "", "out/secret": "sw0rdfish",
	})
	s := &tfsource.Sources{Roots: []string{filepath.Join(dir, "in")}}
	to := t.TempDir()
	work, err := s.Fetch(t.Context(), aegis.WorkspaceSource{Path: filepath.Join(dir, "in/live")}, to)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(to, "live"), work)
	require.FileExists(t, filepath.Join(to, "live/terraform.tfvars"))
	require.FileExists(t, filepath.Join(to, "modules/m/main.tf"))
	require.NoDirExists(t, filepath.Join(to, "modules/other"), "what it does not call stays")
	require.NoFileExists(t, filepath.Join(to, "live/terraform.tfstate"))
	require.NoDirExists(t, filepath.Join(to, "live/.terraform"))
}

func TestWhatIsOutsideOfTheRootsIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"in/a/main.tf": "", "out/main.tf": "", "out/secret": "sw0rdfish"})
	require.NoError(t, os.Symlink(filepath.Join(dir, "out"), filepath.Join(dir, "in/link")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "out/secret"), filepath.Join(dir, "in/a/secret")))
	s := &tfsource.Sources{Roots: []string{filepath.Join(dir, "in")}}
	for name, path := range map[string]string{
		"beside them": "out", "through a link": "in/link", "by dots": "in/../out", "what is not there": "none",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Check(aegis.WorkspaceSource{Path: dir + "/" + path})
			require.ErrorIs(t, err, aegis.ErrInvalid)
			require.ErrorContains(t, err, "terraform.roots", "the setting is named")
		})
	}
	_, err := s.Fetch(t.Context(), aegis.WorkspaceSource{Path: filepath.Join(dir, "in/a")}, t.TempDir())
	require.ErrorContains(t, err, "secret leads out of the workspace")
	write(t, dir, map[string]string{"in/b/main.tf": `module "m" { source = "../../out" }`})
	_, err = s.Fetch(t.Context(), aegis.WorkspaceSource{Path: filepath.Join(dir, "in/b")}, t.TempDir())
	require.ErrorContains(t, err, "terraform.roots")
}

func TestSourcesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"main.tf": "variable \"pin\" {\n  sensitive = true\n}\n"})
	s := &tfsource.Sources{Roots: []string{"/"}}
	for _, src := range []aegis.WorkspaceSource{
		{Path: dir, BackendConfig: map[string]string{"secret_key": "x"}},
		{Path: dir, Variables: map[string]string{"pin": "1234"}},
		{Path: dir, Variables: map[string]string{"db_password": "x"}},
		{Path: dir, VarFiles: []string{"../x.tfvars"}},
		{Path: dir, Archive: "x"},
		{},
	} {
		_, err := s.Check(src)
		require.ErrorIs(t, err, aegis.ErrInvalid)
	}
}

func TestArchives(t *testing.T) {
	t.Parallel()
	s := &tfsource.Sources{Archives: kept{}, Limits: tfsource.Limits{Packed: 1 << 20, Total: 4 << 20, File: 2 << 20, Files: 10}}
	digest, err := s.Keep(t.Context(), pack(t, &tar.Header{Name: "live/main.tf", Size: 3, Mode: 0o644}))
	require.NoError(t, err)
	to := t.TempDir()
	work, err := s.Fetch(t.Context(), aegis.WorkspaceSource{Archive: digest, Dir: "live"}, to)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(work, "main.tf"))
	_, err = s.Fetch(t.Context(), aegis.WorkspaceSource{Archive: digest, Dir: "none"}, t.TempDir())
	require.ErrorContains(t, err, "no folder of the archive")
	_, err = s.Fetch(t.Context(), aegis.WorkspaceSource{Archive: strings.Repeat("0", 64)}, t.TempDir())
	require.ErrorContains(t, err, "no such archive")

	many := make([]*tar.Header, 11)
	for i := range many {
		many[i] = &tar.Header{Name: strings.Repeat("x", i+1)}
	}
	for name, archive := range map[string][]byte{
		"that are none":         []byte("x"),
		"that lead out":         pack(t, &tar.Header{Name: "../x"}),
		"with absolute names":   pack(t, &tar.Header{Name: "/etc/x"}),
		"with links":            pack(t, &tar.Header{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"with hard links":       pack(t, &tar.Header{Name: "x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}),
		"with devices":          pack(t, &tar.Header{Name: "x", Typeflag: tar.TypeChar}),
		"with too large a file": pack(t, &tar.Header{Name: "x", Size: 2<<20 + 1}),
		"that unpack to too much": pack(t, &tar.Header{Name: "a", Size: 2 << 20}, &tar.Header{Name: "b", Size: 2 << 20},
			&tar.Header{Name: "c", Size: 2 << 20}),
		"with too many files":  pack(t, many...),
		"that end too early":   pack(t, &tar.Header{Name: "x", Size: 1000})[:40],
		"with control letters": pack(t, &tar.Header{Name: "a\x1bb"}),
	} {
		t.Run("refuses those "+name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Keep(t.Context(), archive)
			require.ErrorIs(t, err, aegis.ErrInvalid)
		})
	}
}

func FuzzArchive(f *testing.F) {
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(text)
		_ = z.Close()
		s := &tfsource.Sources{Archives: kept{}}
		if digest, err := s.Keep(t.Context(), out.Bytes()); err == nil {
			dir := t.TempDir()
			inner := filepath.Join(dir, "in")
			require.NoError(t, os.Mkdir(inner, 0o700))
			_, _ = s.Fetch(t.Context(), aegis.WorkspaceSource{Archive: digest}, inner)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is written beside")
		}
	})
}

func TestGit(t *testing.T) {
	t.Parallel()
	repo := t.TempDir()
	write(t, repo, map[string]string{"live/main.tf": "# one\n", "modules/m/main.tf": ""})
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@t", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@t")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	git("add", "-A")
	git("commit", "-qm", "one")
	git("tag", "v1")
	commit := git("rev-parse", "HEAD")
	write(t, repo, map[string]string{"live/main.tf": "# two\n"})
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(repo, "passwd")))
	git("add", "-A")
	git("commit", "-qm", "two")

	s := &tfsource.Sources{Roots: []string{"/"}, LocalGit: true}
	fetch := func(ref string) (string, error) {
		return s.Fetch(t.Context(), aegis.WorkspaceSource{Git: &aegis.GitSource{URL: "file://" + repo, Ref: ref, Dir: "live"}}, t.TempDir())
	}
	for _, ref := range []string{"v1", commit} {
		work, err := fetch(ref)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(work, "main.tf"))
		require.NoError(t, err)
		require.Equal(t, "# one\n", string(text))
		require.NoDirExists(t, filepath.Join(work, "..", ".git"))
		require.FileExists(t, filepath.Join(work, "..", "modules/m/main.tf"))
	}
	_, err := fetch("main")
	require.ErrorContains(t, err, "leads out of the workspace", "a link to a file of the server")
	_, err = fetch("none")
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	for _, g := range []aegis.GitSource{
		{URL: "http://git.example/x", Ref: "v1"},
		{URL: "https://user:password@git.example/x", Ref: "v1"},
		{URL: "ext::sh -c id", Ref: "v1"},
		{URL: "--upload-pack=id", Ref: "v1"},
		{URL: "https://git.example/x", Ref: "--upload-pack=id"},
		{URL: "https://git.example/x", Ref: "v1", Dir: "../x"},
	} {
		_, err := s.Check(aegis.WorkspaceSource{Git: &g})
		require.ErrorIs(t, err, aegis.ErrInvalid, g)
	}
	_, err = (&tfsource.Sources{Roots: []string{"/"}}).Check(aegis.WorkspaceSource{Git: &aegis.GitSource{URL: "file://" + repo, Ref: "v1"}})
	require.ErrorContains(t, err, "not allowed here")
	for _, host := range []string{"127.0.0.1", "169.254.169.254"} {
		_, err = s.Fetch(t.Context(), aegis.WorkspaceSource{Git: &aegis.GitSource{URL: "https://" + host + "/x", Ref: "v1"}}, t.TempDir())
		require.ErrorContains(t, err, "this machine or one of its neighbours")
	}
}
