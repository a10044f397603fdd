package policies

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// Bounds of a packed bundle.
const (
	maxUnpackedBytes = 64 << 20
	maxBundleFiles   = 5000
)

// Shipped are the files of the embedded bundle.
func Shipped() (fs.FS, error) { return bundleFiles("") }

// Extend compiles the bundle of the options with more modules, which replace
// those of the same path, and with data merged into its own. Faults of Rego
// are ast.Errors, with the module's path as their file.
func Extend(ctx context.Context, o Options, modules map[string]string, data map[string]any) (*Gate, error) {
	b, err := readBundle(o.BundleDir)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		if isTest(path) {
			continue
		}
		if err := addModule(b, path, modules[path]); err != nil {
			return nil, err
		}
	}
	b.Data = merge(b.Data, data)
	if err := overlay(b, o.Data); err != nil {
		return nil, err
	}
	return newGate(ctx, b, o)
}

func addModule(b *bundle.Bundle, path, source string) error {
	parsed, err := ast.ParseModuleWithOpts(path, source, ast.ParserOptions{
		RegoVersion: ast.RegoV1, ProcessAnnotation: true, Capabilities: pureCapabilities(),
	})
	if err != nil {
		return fmt.Errorf("parse policy module: %w", err)
	}
	if parsed == nil {
		return fmt.Errorf("parse policy module %s: it is empty", path)
	}
	b.Modules = slices.DeleteFunc(b.Modules, func(m bundle.ModuleFile) bool { return strings.TrimPrefix(m.Path, "/") == path })
	b.Modules = append(b.Modules, bundle.ModuleFile{URL: path, Path: path, Parsed: parsed, Raw: []byte(source)})
	return nil
}

// Replace compiles a packed bundle (.tar.gz) under the settings of the options,
// in place of their bundle. One that unpacks to more than 64 MiB or 5,000 files
// is refused.
func Replace(ctx context.Context, o Options, tarball []byte) (*Gate, error) {
	if err := checkTarball(tarball); err != nil {
		return nil, fmt.Errorf("unpack policy bundle: %w", err)
	}
	b, err := readLoader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(tarball), "").WithFilter(withoutTests))
	if err != nil {
		return nil, err
	}
	if err := overlay(b, o.Data); err != nil {
		return nil, err
	}
	return newGate(ctx, b, o)
}

// checkTarball unpacks to nowhere, so that what follows can hold it all in
// memory.
func checkTarball(tarball []byte) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return err
	}
	bounded := &io.LimitedReader{R: unzipped, N: maxUnpackedBytes}
	archive := tar.NewReader(bounded)
	for files := 0; ; files++ {
		header, err := archive.Next()
		switch {
		case bounded.N <= 0 || files > maxBundleFiles:
			return fmt.Errorf("it holds more than %d MiB or %d files", maxUnpackedBytes>>20, maxBundleFiles)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case slices.Contains(strings.Split(header.Name, "/"), ".."):
			return fmt.Errorf("%q leads out of it", header.Name)
		case header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeDir:
			return fmt.Errorf("%q is neither a file nor a folder", header.Name)
		}
	}
}

func readLoader(loader bundle.DirectoryLoader) (*bundle.Bundle, error) {
	b, err := bundle.NewCustomReader(loader).
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
