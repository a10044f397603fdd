package toolchain

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// ok serves an empty answer to everything.
func ok(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestFindPostgres(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	find := func() Item {
		tools := f.noTools()
		return findPostgres(t.Context(), f.machine, &tools)
	}
	f.postgres(t, "usr/lib/postgresql/9.6/bin", "9.6.24")
	item := find()
	require.False(t, item.OK, "too old")

	f.postgres(t, "usr/lib/postgresql/15/bin", "15.18")
	newest := f.postgres(t, "usr/pgsql-17/bin", "17.2")
	item = find()
	require.Equal(t, newest, item.Path, "the newest")
	require.Equal(t, "17.2", item.Version)

	onPath := f.postgres(t, "anywhere/bin", "16.1")
	require.NoError(t, os.MkdirAll(f.path, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(onPath, "initdb"), filepath.Join(f.path, "initdb")))
	item = find()
	require.Equal(t, onPath, item.Path, "the one on PATH")

	f.write(t, filepath.Join(f.filesystem, "usr/share/postgresql/15/extension/vector.control"), "")
	tools := f.noTools()
	item = findPostgres(t.Context(), f.machine, &tools)
	require.Equal(t, "15.18", item.Version, "the one with pgvector")
	require.True(t, tools.PGVector)
}

func TestGetPostgres(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		superuser bool
		program   string
		want      string
	}{
		"with apt":         {true, "apt-get", "apt-get update -q\napt-get install -q -y --no-install-recommends postgresql\n"},
		"with dnf":         {true, "dnf", "dnf install -y postgresql-server postgresql-contrib\n"},
		"with Homebrew":    {false, "brew", "brew install postgresql@17 pgvector\n"},
		"not without root": {false, "apt-get", ""},
		"not without any":  {true, "other", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.superuser = test.superuser
			f.program(t, test.program, `echo "$(basename "$0") $*" >>"$(dirname "$0")/log"`)
			err := getPostgres(t.Context(), f.machine, nil, quiet)
			if test.want == "" {
				require.ErrorContains(t, err, "neither root")
				return
			}
			require.NoError(t, err)
			done, err := os.ReadFile(filepath.Join(f.path, "log"))
			require.NoError(t, err)
			require.Equal(t, test.want, string(done))
		})
	}
}

func TestGetVectorWhereTheDistributionHasIt(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.superuser = true
	tools := f.noTools()
	tools.PostgresBin = f.postgres(t, "usr/lib/postgresql/15/bin", "15.18")
	control := filepath.Join(f.filesystem, "usr/share/postgresql/15/extension/vector.control")
	f.program(t, "apt-get", `mkdir -p "`+filepath.Dir(control)+`"; [ "$4" = postgresql-15-pgvector ] && touch "`+control+`"`)
	f.program(t, "apt-cache", "exit 100")
	require.NoError(t, getVector(t.Context(), f.machine, &tools, quiet))
	require.False(t, tools.PGVector)

	f.program(t, "apt-cache", "exit 0")
	require.NoError(t, getVector(t.Context(), f.machine, &tools, quiet))
	require.True(t, tools.PGVector)
}
