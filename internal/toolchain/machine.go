package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine is the computer as the search sees it; tests replace its parts.
type machine struct {
	env func(string) string
	// root is the checkout; dir is the folder of everything that Setup makes.
	root, dir  string
	goos, arch string
	superuser  bool
	// enginesOnly leaves out what only the sandbox runs.
	enginesOnly bool
	// filesystem is put before the distribution's absolute folders.
	filesystem string
	sites      sites
	client     *http.Client
	run        func(context.Context, command) ([]byte, error)
}

// sites are where releases are downloaded from.
type sites struct{ pulumi, terraform, providers string }

// command is a program to run.
type command struct {
	path string
	args []string
	// dir is the working directory, "" the current one.
	dir string
	// env are additions to the environment, as NAME=value.
	env []string
}

func newMachine(o Options) (*machine, error) {
	root, err := filepath.Abs(o.checkout())
	if err != nil {
		return nil, fmt.Errorf("find the checkout: %w", err)
	}
	m := &machine{
		env:         o.Env,
		root:        root,
		goos:        runtime.GOOS,
		arch:        runtime.GOARCH,
		superuser:   os.Geteuid() == 0,
		enginesOnly: o.EnginesOnly,
		filesystem:  "/",
		sites: sites{
			pulumi:    "https://get.pulumi.com/releases",
			terraform: "https://releases.hashicorp.com/terraform/index.json",
			providers: "https://" + registry + "/.well-known/terraform.json",
		},
		client: quickClient(),
		run:    runCommand,
	}
	if m.env == nil {
		m.env = func(string) string { return "" }
	}
	m.dir, err = m.toolsDir(o.installation())
	return m, err
}

// installation is the folder above the running binary's, "" when unknown.
func (o Options) installation() string {
	resolved, err := filepath.EvalSymlinks(o.Executable)
	if err != nil {
		return ""
	}
	return filepath.Dir(filepath.Dir(resolved))
}

// checkout is Root, else the one that the binary was built in, else the
// working directory.
func (o Options) checkout() string {
	if o.Root == "" && isFile(filepath.Join(o.installation(), "tools", "pulumi", "go.mod")) {
		return o.installation()
	}
	return o.Root
}

// quickClient gives up within seconds where there is no network, yet lets a
// download that has begun take its time.
func quickClient() *http.Client {
	const patience = 4 * time.Second
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: patience}).DialContext,
		TLSHandshakeTimeout:   patience,
		ResponseHeaderTimeout: patience,
	}}
}

// toolsDir is AEGIS_TOOLS, else `.aegis` of the binary's installation if it is
// there, else `.aegis` of the checkout.
func (m *machine) toolsDir(installation string) (string, error) {
	if dir := m.env("AEGIS_TOOLS"); dir != "" {
		return filepath.Abs(dir)
	}
	if beside := filepath.Join(installation, ".aegis"); installation != "" && isDir(beside) {
		return beside, nil
	}
	return filepath.Join(m.root, ".aegis"), nil
}

// bin is the path of a program in the tools' own folder.
func (m *machine) bin(name string) string { return filepath.Join(m.dir, "bin", name) }

// lookPath finds a program on PATH, as an absolute path, or returns "".
func (m *machine) lookPath(name string) string {
	for _, folder := range filepath.SplitList(m.env("PATH")) {
		if !filepath.IsAbs(folder) {
			continue // a program in the current folder must not be picked up
		}
		if path := filepath.Join(folder, name); isExecutable(path) {
			return path
		}
	}
	return ""
}

// glob finds the distribution's folders by absolute patterns, in order.
func (m *machine) glob(patterns ...string) []string {
	var found []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(filepath.Join(m.filesystem, pattern))
		if err == nil {
			found = append(found, matches...)
		}
	}
	return found
}

// runCommand returns what a program wrote to standard output. Its standard
// error becomes part of the error.
func runCommand(ctx context.Context, c command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.path, c.args...) //nolint:gosec // paths found by this package
	cmd.Dir = c.dir
	cmd.Env = append(cmd.Environ(), c.env...)
	// What the program left behind may hold its output; a busy machine needs time, too.
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(c.path), err, tail(stderr.String()))
	}
	return output, nil
}

// tail shortens a program's output to its last lines.
func tail(output string) string {
	const keep = 600
	output = strings.TrimSpace(output)
	if len(output) > keep {
		output = "…" + output[len(output)-keep:]
	}
	return output
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
