package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/policies/archive"
)

// tarball packs entries as they are; Size is that of the content.
func tarball(tb testing.TB, entries ...tarEntry) []byte {
	tb.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, e := range entries {
		h := tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o644, Size: int64(len(e.content))}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		require.NoError(tb, w.WriteHeader(&h))
		_, err := w.Write([]byte(e.content))
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	require.NoError(tb, zip.Close())
	return out.Bytes()
}

type tarEntry struct {
	name, content, link string
	kind                byte
}

func small() archive.Limits {
	return archive.Limits{Compressed: 4096, Total: 2000, File: 1000, Files: 4}
}

func TestReadTarTakesWhatOPAWrites(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/", "", "./"} {
		files, err := archive.ReadTar(bytes.NewReader(tarball(t,
			tarEntry{name: "./", kind: tar.TypeDir},
			tarEntry{name: prefix + "a/", kind: tar.TypeDir},
			tarEntry{name: prefix + ".manifest", content: "{}"},
			tarEntry{name: prefix + "a/x.rego", content: "package a"},
		)), small())
		require.NoError(t, err, prefix)
		require.Equal(t, archive.Files{".manifest": []byte("{}"), "a/x.rego": []byte("package a")}, files)
		require.True(t, files.Whole())
	}
}

func TestReadTarRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1001)
	for name, c := range map[string]struct {
		entries []tarEntry
		says    string
	}{
		"traversal":           {[]tarEntry{{name: "a/../../etc/passwd"}}, `entry "a/../../etc/passwd" leads out`},
		"a parent":            {[]tarEntry{{name: "../x.rego"}}, "leads out"},
		"a folder outside":    {[]tarEntry{{name: "../", kind: tar.TypeDir}}, "leads out"},
		"an absolute path":    {[]tarEntry{{name: "//etc/passwd"}}, "absolute"},
		"a backslash":         {[]tarEntry{{name: `C:\x.rego`}}, "backslash"},
		"control characters":  {[]tarEntry{{name: "a\x1b]0;x.rego"}}, "control character"},
		"an unclean path":     {[]tarEntry{{name: "a//b.rego"}}, "no clean path"},
		"a very long path":    {[]tarEntry{{name: strings.Repeat("d/", 300) + "x"}}, "601 bytes"},
		"a symbolic link":     {[]tarEntry{{name: "x.rego", kind: tar.TypeSymlink, link: "/etc/passwd"}}, "neither a file nor a folder"},
		"a hard link":         {[]tarEntry{{name: "x.rego", kind: tar.TypeLink, link: "y"}}, "neither a file nor a folder"},
		"a device":            {[]tarEntry{{name: "null", kind: tar.TypeChar}}, "neither a file nor a folder"},
		"a pipe":              {[]tarEntry{{name: "pipe", kind: tar.TypeFifo}}, "neither a file nor a folder"},
		"a file twice":        {[]tarEntry{{name: "x.rego"}, {name: "/x.rego"}}, `entry "x.rego" comes twice`},
		"a large file":        {[]tarEntry{{name: "x.rego", content: long}}, `entry "x.rego" is larger than 1000 bytes`},
		"too much":            {[]tarEntry{{name: "a", content: long[:999]}, {name: "b", content: long[:999]}, {name: "c", content: long[:9]}}, `entry "c" makes`},
		"too many":            {[]tarEntry{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}, {name: "e"}}, `entry "e" is one too many`},
		"too many folders":    {[]tarEntry{{name: "a/", kind: tar.TypeDir}, {name: "b/", kind: tar.TypeDir}, {name: "c/", kind: tar.TypeDir}, {name: "d/", kind: tar.TypeDir}, {name: "e"}}, "one too many"},
		"a nested manifest":   {[]tarEntry{{name: "a/.manifest"}}, "belongs at the root"},
		"a manifest's double": {[]tarEntry{{name: "x.manifest"}}, "belongs at the root"},
		"a nested signature":  {[]tarEntry{{name: "a/.signatures.json"}}, "belongs at the root"},
		"a binary manifest":   {[]tarEntry{{name: ".manifest.pb"}}, "binary manifest"},
		"a delta bundle":      {[]tarEntry{{name: "patch.json"}}, "delta bundle"},
		"compiled policy":     {[]tarEntry{{name: "policy.wasm"}}, "compiled policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := archive.ReadTar(bytes.NewReader(tarball(t, c.entries...)), small())
			require.ErrorIs(t, err, archive.ErrUnsafe)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestReadTarStopsInsideABomb(t *testing.T) {
	t.Parallel()
	bomb := tarball(t, tarEntry{name: "x.rego", content: strings.Repeat("\n", 64<<20)})
	require.Less(t, len(bomb), 1<<20)
	_, err := archive.ReadTar(bytes.NewReader(bomb), archive.DefaultLimits())
	require.ErrorIs(t, err, archive.ErrUnsafe)
	require.ErrorContains(t, err, `entry "x.rego" is larger`)
}

func TestReadTarStopsInZeroesAfterTheArchive(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, err := io.CopyN(zip, zeroes{}, 64<<20)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	l := archive.DefaultLimits()
	l.Total = 1 << 20
	_, err = archive.ReadTar(&bomb, l)
	require.ErrorIs(t, err, archive.ErrUnsafe)
	require.ErrorContains(t, err, "unpacks to more than")
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestReadTarRefusesWhatIsNoTarball(t *testing.T) {
	t.Parallel()
	whole := tarball(t, tarEntry{name: "x.rego", content: "package x"})
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-5] ^= 0xff // in the checksum
	for name, raw := range map[string][]byte{
		"nothing": nil, "text": []byte("package x"), "the first half": whole[:len(whole)/2], "a wrong checksum": damaged,
		"gzip of text": gzipped(t, strings.Repeat("no archive ", 100)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := archive.ReadTar(bytes.NewReader(raw), small())
			require.ErrorContains(t, err, "read bundle: ")
		})
	}
	_, err := archive.ReadTar(bytes.NewReader(tarball(t, tarEntry{name: "x"})), archive.Limits{Compressed: 20, Total: 100, File: 100, Files: 9})
	require.ErrorContains(t, err, "larger than 20 bytes packed")
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, err := io.WriteString(zip, text)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return out.Bytes()
}

func TestReadFSLeavesHiddenFilesOut(t *testing.T) {
	t.Parallel()
	files, err := archive.ReadFS(fstest.MapFS{
		".manifest": {Data: []byte("{}")}, ".signatures.json": {Data: []byte("{}")}, "a/x.rego": {Data: []byte("package a")},
		".git/config": {}, ".DS_Store": {}, "a/.x.rego.swp": {},
	}, small())
	require.NoError(t, err)
	require.Equal(t, []string{".manifest", ".signatures.json", "a/x.rego"}, files.Names())
}

func TestReadFSRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fsys fs.FS
		says string
	}{
		"a link":            {fstest.MapFS{"x.rego": {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}}, "neither a file nor a folder"},
		"a device":          {fstest.MapFS{"x.rego": {Mode: fs.ModeDevice}}, "neither a file nor a folder"},
		"a large file":      {fstest.MapFS{"x.rego": {Data: make([]byte, 1001)}}, `entry "x.rego" is larger`},
		"too many":          {fstest.MapFS{"a": {}, "b": {}, "c": {}, "d": {}, "e": {}}, "one too many"},
		"a nested manifest": {fstest.MapFS{"a/.manifest": {}}, "belongs at the root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := archive.ReadFS(c.fsys, small())
			require.ErrorIs(t, err, archive.ErrUnsafe)
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := archive.ReadFS(os.DirFS(t.TempDir()+"/none"), small())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.StringMatching(`[a-z]{1,8}(/[a-z0-9_]{1,8}){0,3}\.(rego|md)`), rapid.ID[string]).Draw(t, "names")
		files := archive.Files{}
		for _, name := range names {
			files[name] = rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, name)
		}
		var one, two bytes.Buffer
		require.NoError(t, files.Tar(&one))
		require.NoError(t, files.Tar(&two))
		require.Equal(t, one.Bytes(), two.Bytes())
		got, err := archive.ReadTar(&one, archive.DefaultLimits())
		require.NoError(t, err)
		require.Equal(t, files.Names(), got.Names())
		require.Equal(t, files.Digest(), got.Digest())
	})
}

func TestDigestTellsFilesApart(t *testing.T) {
	t.Parallel()
	base := archive.Files{"a": []byte("b"), "c": nil}
	for _, other := range []archive.Files{{"a": []byte("b")}, {"a": nil, "c": []byte("b")}, {"a": []byte("bc"), "": nil}, {}} {
		require.NotEqual(t, base.Digest(), other.Digest())
	}
	require.Equal(t, base.Digest(), archive.Files{"c": {}, "a": []byte("b")}.Digest())
}

// FuzzReadTar holds that no tarball makes the reader panic or give more than
// its limits, and that what it gives can be written and read again.
func FuzzReadTar(f *testing.F) {
	f.Add(tarball(f, tarEntry{name: "/.manifest", content: `{"roots":["a"]}`}, tarEntry{name: "/a/x.rego", content: "package a"}))
	f.Add(tarball(f, tarEntry{name: "../x", content: "x"}))
	f.Add(tarball(f, tarEntry{name: "x", kind: tar.TypeSymlink, link: "/etc/passwd"}))
	f.Add(tarball(f, tarEntry{name: "x", content: strings.Repeat("x", 5000)}))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := small()
		files, err := archive.ReadTar(bytes.NewReader(raw), l)
		if err != nil {
			require.Nil(t, files)
			return
		}
		require.LessOrEqual(t, len(files), l.Files)
		total := 0
		for name, content := range files {
			require.True(t, fs.ValidPath(name), name)
			total += len(content)
		}
		require.LessOrEqual(t, int64(total), l.Total)
		var again bytes.Buffer
		require.NoError(t, files.Tar(&again))
		got, err := archive.ReadTar(&again, archive.DefaultLimits())
		require.NoError(t, err)
		require.Equal(t, files.Digest(), got.Digest())
		_, _ = archive.Verify(files, archive.Keys{})
	})
}
