package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/go-version"
)

func postgresServer() piece {
	return piece{
		name:     "PostgreSQL server",
		required: true,
		sandbox:  true,
		remedy:   "install PostgreSQL " + postgresRange + " with its server: `apt-get install postgresql`, `dnf install postgresql-server` or `brew install postgresql@17`",
		find:     findPostgres,
		get:      getPostgres,
	}
}

// postgresFolders are the distributions' folders of server binaries.
func (m *machine) postgresFolders() []string {
	return m.glob(
		"usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"usr/pgsql-*/bin",          // the PostgreSQL project's RPMs
		"usr/lib/postgresql*/bin",  // SUSE, Gentoo
		"usr/libexec/postgresql*",  // Alpine
		"usr/local/pgsql/bin",      // from source
		"opt/postgresql*/bin",      //
		"opt/homebrew/opt/postgresql*/bin", "usr/local/opt/postgresql*/bin", "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"Applications/Postgres.app/Contents/Versions/*/bin",
		"usr/bin", // Fedora, Arch
	)
}

// server is one installation of PostgreSQL.
type server struct {
	bin, version, origin string
	vector               bool
}

// findPostgres takes the one on PATH, else the newest of the distribution's,
// those with pgvector first.
func findPostgres(ctx context.Context, m *machine, tools *Tools) Item {
	found := m.servers(ctx)
	if len(found) == 0 {
		return Item{}
	}
	chosen := slices.MaxFunc(found, compareServers)
	tools.PostgresBin, tools.PGVector = chosen.bin, chosen.vector
	return Item{Version: chosen.version, Path: chosen.bin, Origin: chosen.origin, OK: true}
}

func (m *machine) servers(ctx context.Context) []server {
	var found []server
	if initdb, err := filepath.EvalSymlinks(m.lookPath("initdb")); err == nil {
		if s, ok := m.server(ctx, filepath.Dir(initdb), "PATH"); ok {
			found = append(found, s)
		}
	}
	for _, folder := range m.postgresFolders() {
		if s, ok := m.server(ctx, folder, "the distribution's folder"); ok {
			found = append(found, s)
		}
	}
	return found
}

// server reads the installation in a folder, if it is one and new enough.
func (m *machine) server(ctx context.Context, bin, origin string) (server, bool) {
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		if !isExecutable(filepath.Join(bin, program)) {
			return server{}, false
		}
	}
	number, err := m.versionOf(ctx, filepath.Join(bin, "postgres"), "--version")
	if err != nil || !within(number, postgresRange) {
		return server{}, false
	}
	return server{bin: bin, version: number, origin: origin, vector: m.hasVector(bin, number)}, true
}

// compareServers orders by pgvector, then PATH, then version.
func compareServers(a, b server) int {
	rank := func(s server) int {
		n := 0
		if s.vector {
			n += 2
		}
		if s.origin == "PATH" {
			n++
		}
		return n
	}
	if rank(a) != rank(b) {
		return rank(a) - rank(b)
	}
	return version.Must(version.NewVersion(a.version)).Compare(version.Must(version.NewVersion(b.version)))
}

// hasVector looks for the extension's control file where this server would.
func (m *machine) hasVector(bin, number string) bool {
	major := fmt.Sprint(version.Must(version.NewVersion(number)).Segments()[0])
	folders := append(m.glob("usr/share/postgresql/"+major, "usr/share/postgresql"+major, "usr/share/pgsql", "usr/share/postgresql"),
		filepath.Join(bin, "..", "share"), filepath.Join(bin, "..", "share", "postgresql"),
		filepath.Join(bin, "..", "share", "postgresql@"+major))
	return slices.ContainsFunc(folders, func(folder string) bool {
		return isFile(filepath.Join(folder, "extension", "vector.control"))
	})
}

// getPostgres installs the distribution's packages, where this user may.
func getPostgres(ctx context.Context, m *machine, _ *Tools, say progress) error {
	return m.installWith(ctx, "PostgreSQL", m.packagers(), say)
}

// installWith installs something with the first package program that is here.
func (m *machine) installWith(ctx context.Context, what string, programs []packager, say progress) error {
	for _, p := range programs {
		path := m.lookPath(p.program)
		if path == "" {
			continue
		}
		say("installing %s with %s", what, p.program)
		if err := m.installPackages(ctx, path, p); err != nil {
			return fmt.Errorf("install %s: %w", what, err)
		}
		return nil
	}
	return fmt.Errorf("install %s: neither root with a known package program nor Homebrew", what)
}

// packager installs a distribution's packages.
type packager struct {
	program string
	steps   [][]string
}

func (m *machine) packagers() []packager {
	brew := packager{"brew", [][]string{{"install", "postgresql@17", "pgvector"}}}
	if !m.superuser {
		return []packager{brew}
	}
	return []packager{
		{"apt-get", [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", "postgresql"}}},
		{"dnf", [][]string{{"install", "-y", "postgresql-server", "postgresql-contrib"}}},
		{"zypper", [][]string{{"--non-interactive", "install", "postgresql-server"}}},
		{"apk", [][]string{{"add", "postgresql"}}},
	}
}

func (m *machine) installPackages(ctx context.Context, path string, p packager) error {
	for _, args := range p.steps {
		_, err := m.run(ctx, command{path: path, args: args, env: []string{"DEBIAN_FRONTEND=noninteractive"}})
		if err != nil {
			return err
		}
	}
	return nil
}

func pgvector() piece {
	return piece{
		name:    "pgvector",
		sandbox: true,
		remedy:  "install the package for your server, such as postgresql-17-pgvector; without it the sandbox runs without vector search",
		find: func(_ context.Context, _ *machine, tools *Tools) Item {
			return Item{Path: tools.PostgresBin, Origin: "the server's extensions", OK: tools.PGVector}
		},
		get: getVector,
	}
}

// getVector installs Debian's package for the server, where there is one.
func getVector(ctx context.Context, m *machine, tools *Tools, say progress) error {
	apt, show := m.lookPath("apt-get"), m.lookPath("apt-cache")
	if !m.superuser || apt == "" || show == "" || tools.PostgresBin == "" {
		return nil
	}
	name := "postgresql-" + filepath.Base(filepath.Dir(tools.PostgresBin)) + "-pgvector"
	if _, err := m.run(ctx, command{path: show, args: []string{"show", "--no-all-versions", name}}); err != nil {
		return nil //nolint:nilerr // the distribution has no such package, and the report says what to do
	}
	say("installing %s", name)
	err := m.installPackages(ctx, apt, packager{steps: [][]string{{"install", "-q", "-y", name}}})
	if err == nil {
		findPostgres(ctx, m, tools)
	}
	return err
}
