package policies

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader/filter"
)

//go:embed all:bundle
var embedded embed.FS

// maxFileBytes bounds each file of a bundle.
const maxFileBytes = 4 << 20

// readBundle reads the bundle in dir, or the embedded one when dir is empty,
// without its tests.
func readBundle(dir string) (*bundle.Bundle, error) {
	files, err := bundleFiles(dir)
	if err != nil {
		return nil, err
	}
	return parseBundle(files, withoutTests)
}

func bundleFiles(dir string) (fs.FS, error) {
	if dir == "" {
		return fs.Sub(embedded, "bundle")
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open policy bundle: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open policy bundle: %s is not a directory", dir)
	}
	return os.DirFS(dir), nil
}

func parseBundle(files fs.FS, skip filter.LoaderFilter) (*bundle.Bundle, error) {
	loader, err := bundle.NewFSLoader(files)
	if err != nil {
		return nil, fmt.Errorf("open policy bundle: %w", err)
	}
	b, err := bundle.NewCustomReader(loader.WithFilter(skip)).
		WithRegoVersion(ast.RegoV1).
		WithProcessAnnotations(true).
		WithCapabilities(pureCapabilities()).
		WithSizeLimitBytes(maxFileBytes).
		WithSkipBundleVerification(true).
		Read()
	if err != nil {
		return nil, fmt.Errorf("read policy bundle: %w", err)
	}
	return &b, nil
}

// withoutTests leaves out *_test.rego.
func withoutTests(path string, info fs.FileInfo, _ int) bool {
	return !info.IsDir() && isTest(path)
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.rego") }

// revision names the rules: the manifest's revision and a digest of modules
// and data, so that an edited bundle never passes for another.
func revision(b *bundle.Bundle) (string, error) {
	sum := sha256.New()
	modules := slices.Clone(b.Modules)
	slices.SortFunc(modules, func(x, y bundle.ModuleFile) int { return strings.Compare(x.Path, y.Path) })
	for _, m := range modules {
		fmt.Fprintf(sum, "%s\n%d\n%s\n", m.Path, len(m.Raw), m.Raw)
	}
	data, err := json.Marshal(b.Data)
	if err != nil {
		return "", fmt.Errorf("digest policy data: %w", err)
	}
	sum.Write(data)
	return b.Manifest.Revision + "@" + hex.EncodeToString(sum.Sum(nil)[:6]), nil
}
