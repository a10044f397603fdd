package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Names that bundles give a meaning; each belongs at the bundle's root.
const (
	ManifestName   = ".manifest"
	SignaturesName = ".signatures.json"
)

// Files are the files of a bundle by slash path without a leading slash, such
// as "data.json" or "aegis/gate/region.rego".
type Files map[string][]byte

// Limits bound what is read; sizes are in bytes.
type Limits struct {
	// Compressed bounds a .tar.gz as it comes.
	Compressed int64
	// Total bounds the contents of all files, File that of each.
	Total, File int64
	// Files bounds their number, folders included.
	Files int
}

// DefaultLimits are far above what policies need: 16 MiB packed, 64 MiB
// unpacked, 4 MiB a file, 5,000 files.
func DefaultLimits() Limits {
	return Limits{Compressed: 16 << 20, Total: 64 << 20, File: 4 << 20, Files: 5000}
}

// Names are the paths, sorted.
func (f Files) Names() []string { return slices.Sorted(maps.Keys(f)) }

// Whole says that the bundle has a manifest, so that it stands alone; one
// without is to be added to another.
func (f Files) Whole() bool {
	_, whole := f[ManifestName]
	return whole
}

// Digest is the SHA-256 of all paths and contents, in hex.
func (f Files) Digest() string {
	sum := sha256.New()
	for _, name := range f.Names() {
		fmt.Fprintf(sum, "%d %d %s\n", len(name), len(f[name]), name)
		sum.Write(f[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// IsModule says that a path is a Rego module's.
func IsModule(name string) bool { return strings.HasSuffix(name, ".rego") }

// IsTest says that a path is that of a module with tests.
func IsTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

// IsData says that a path is one that bundles take data from; data belongs
// under the path's folder.
func IsData(name string) bool {
	switch path.Base(name) {
	case "data.json", "data.yaml", "data.yml":
		return true
	default:
		return false
	}
}
