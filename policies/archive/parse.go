package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader/filter"
	"github.com/open-policy-agent/opa/v1/util"
)

// Parse parses modules, data and manifest as OPA does, roots included: ones
// that overlap, and modules or data outside of them, are errors. Faults of
// Rego are ast.Errors whose files are the paths here. Skip, when not nil,
// names files to leave out, such as IsTest.
func (f Files) Parse(capabilities *ast.Capabilities, skip func(name string) bool) (*bundle.Bundle, error) {
	kept := f
	if skip != nil {
		kept = maps.Clone(f)
		maps.DeleteFunc(kept, func(name string, _ []byte) bool { return skip(name) })
	}
	b, err := bundle.NewCustomReader(&loader{files: kept, names: kept.Names()}).
		WithRegoVersion(ast.RegoV1).
		WithProcessAnnotations(true).
		WithCapabilities(capabilities).
		WithSkipBundleVerification(true).
		Read()
	if err != nil {
		return nil, fmt.Errorf("read policy bundle: %w", err)
	}
	return &b, nil
}

// Manifest is the bundle's, or OPA's default for one without: everything is
// its root.
func (f Files) Manifest() (bundle.Manifest, error) {
	var m bundle.Manifest
	if raw, ok := f[ManifestName]; ok {
		d := util.NewJSONDecoder(bytes.NewReader(raw))
		if err := d.Decode(&m); err != nil {
			return m, fmt.Errorf("read %s: %w", ManifestName, err)
		}
	}
	m.Init()
	roots := *m.Roots
	for i := range roots {
		roots[i] = strings.Trim(roots[i], "/")
		for _, other := range roots[:i] {
			if bundle.RootPathsOverlap(roots[i], other) {
				return m, fmt.Errorf("read %s: roots %q and %q overlap", ManifestName, other, roots[i])
			}
		}
	}
	return m, nil
}

// WithManifest are the files with another manifest and, since that changes
// what is signed, without signatures.
func (f Files) WithManifest(m bundle.Manifest) (Files, error) {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ManifestName, err)
	}
	files := maps.Clone(f)
	files[ManifestName] = append(raw, '\n')
	delete(files, SignaturesName)
	return files, nil
}

// loader gives files to OPA's reader. Its With methods change nothing, since
// names and sizes were checked before.
type loader struct {
	files Files
	names []string
}

// NextFile is the next one, or io.EOF.
func (l *loader) NextFile() (*bundle.Descriptor, error) {
	if len(l.names) == 0 {
		return nil, io.EOF
	}
	name := l.names[0]
	l.names = l.names[1:]
	return bundle.NewDescriptor(name, name, bytes.NewReader(l.files[name])), nil
}

// WithFilter does nothing.
func (l *loader) WithFilter(filter.LoaderFilter) bundle.DirectoryLoader { return l }

// WithPathFormat does nothing.
func (l *loader) WithPathFormat(bundle.PathFormat) bundle.DirectoryLoader { return l }

// WithSizeLimitBytes does nothing.
func (l *loader) WithSizeLimitBytes(int64) bundle.DirectoryLoader { return l }

// WithFollowSymlinks does nothing.
func (l *loader) WithFollowSymlinks(bool) bundle.DirectoryLoader { return l }
