package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module is a program that is built from a module of its own under tools/.
type module struct {
	name string
	// pkg is the package to build, "." for the module's own.
	pkg     string
	ldflags string
	// tags are build tags, "" for none.
	tags string
}

func (b module) folder(m *machine) string { return filepath.Join(m.root, "tools", b.name) }

// origin is how a report names a program built by Setup.
func (b module) origin() string { return "built from tools/" + b.name }

// stamp identifies the sources, so that a program is built once.
func (b module) stamp(m *machine) (string, error) {
	folder := b.folder(m)
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return "", err
	}
	files = append(files, filepath.Join(folder, "go.mod"), filepath.Join(folder, "go.sum"))
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", b.pkg, b.ldflags)
	if b.tags != "" {
		fmt.Fprintf(sum, "tags %s\n", b.tags)
	}
	for _, name := range files {
		content, err := os.ReadFile(name) //nolint:gosec // a source of the checkout
		if err != nil {
			return "", fmt.Errorf("read the sources of %s: %w", b.name, err)
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.Base(name), len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// current says that the program in bin is built from the sources as they are.
func (b module) current(m *machine) bool {
	stamp, err := b.stamp(m)
	return err == nil && m.stamped(b.name) == stamp && isExecutable(m.bin(b.name))
}

// build compiles the program into bin.
func (b module) build(ctx context.Context, m *machine, say progress) error {
	compiler := m.lookPath("go")
	if compiler == "" {
		return fmt.Errorf("build tools/%s: no go on PATH", b.name)
	}
	stamp, err := b.stamp(m)
	if err != nil {
		return err
	}
	say("building tools/%s (minutes the first time)", b.name)
	_, err = m.run(ctx, command{
		path: compiler,
		args: []string{"build", "-tags", b.tags, "-ldflags", b.ldflags, "-o", m.bin(b.name), b.pkg},
		dir:  b.folder(m),
		env:  []string{"GOWORK=off", "GOFLAGS="},
	})
	if err != nil {
		return fmt.Errorf("build tools/%s: %w", b.name, err)
	}
	return m.setStamp(b.name, stamp)
}

// stamped reads what a program in bin was made from, "" when unknown.
func (m *machine) stamped(name string) string {
	content, err := os.ReadFile(m.stampFile(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func (m *machine) setStamp(name, stamp string) error {
	file := m.stampFile(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("stamp %s: %w", name, err)
	}
	if err := os.WriteFile(file, []byte(stamp+"\n"), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("stamp %s: %w", name, err)
	}
	return nil
}

func (m *machine) stampFile(name string) string { return filepath.Join(m.dir, "stamps", name) }
