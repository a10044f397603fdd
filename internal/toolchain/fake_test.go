package toolchain

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeMachine is a computer with nothing on it: an empty PATH, a file system
// of its own, a checkout, and sites that have no release.
type fakeMachine struct {
	*machine

	path string
	vars map[string]string
}

func newFake(t *testing.T) *fakeMachine {
	t.Helper()
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	top := t.TempDir()
	f := &fakeMachine{path: filepath.Join(top, "path")}
	f.vars = map[string]string{"PATH": f.path, "HOME": filepath.Join(top, "home")}
	f.machine = &machine{
		env:        func(name string) string { return f.vars[name] },
		root:       filepath.Join(top, "checkout"),
		dir:        filepath.Join(top, "checkout", ".aegis"),
		goos:       "linux",
		arch:       "amd64",
		filesystem: filepath.Join(top, "root"),
		sites:      sites{pulumi: nothing.URL, terraform: nothing.URL, providers: nothing.URL},
		client:     nothing.Client(),
		run:        runCommand,
	}
	for _, b := range []module{cliModule(), hostModule(), pluginModule()} {
		f.write(t, filepath.Join(b.folder(f.machine), "go.mod"), "module "+b.name)
		f.write(t, filepath.Join(b.folder(f.machine), "go.sum"), "")
	}
	require.NoError(t, os.MkdirAll(filepath.Join(f.dir, "bin"), 0o755))
	return f
}

// write makes an executable file and the folders above it.
func (*fakeMachine) write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o755))
}

// program puts a shell script on PATH.
func (f *fakeMachine) program(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(f.path, name)
	f.write(t, path, "#!/bin/sh\n"+script+"\n")
	return path
}

// compiler puts a go on PATH that "builds" a program printing the version of
// the Pulumi CLI and of the stand-in, and installs what it is told to.
func (f *fakeMachine) compiler(t *testing.T) {
	t.Helper()
	f.program(t, "go", `while [ "$1" != "-o" ]; do shift; done
cat >"$2" <<'END'
#!/bin/sh
case "$1 $2" in
"version "*) echo v3.220.0 ;;
"--version "*) echo "6.83.0 (stand-in)" ;;
"plugin install") mkdir -p "$PULUMI_HOME/plugins/resource-aws-v6.83.0"
	while [ "$1" != "-f" ]; do shift; done
	cp "$2" "$PULUMI_HOME/plugins/resource-aws-v6.83.0/pulumi-resource-aws" ;;
esac
END
chmod +x "$2"`)
}

// mirrored puts the AWS provider into a mirror and returns its path.
func (f *fakeMachine) mirrored(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, registry, "hashicorp", "aws", providerVersion, "linux_amd64", "terraform-provider-aws_v5.100.0_x5")
	f.write(t, path, "provider")
	return path
}

// postgres puts a server of a version into a folder of the file system.
func (f *fakeMachine) postgres(t *testing.T, folder, number string) string {
	t.Helper()
	bin := filepath.Join(f.filesystem, folder)
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		f.write(t, filepath.Join(bin, name), "#!/bin/sh\necho 'postgres (PostgreSQL) "+number+" (Debian)'\n")
	}
	return bin
}

// quiet drops what would be told to the user.
func quiet(string, ...any) {}
