package policies

import (
	"fmt"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies/archive"
)

// Embedded are the files of the embedded bundle, its tests included.
func Embedded() (archive.Files, error) {
	root, err := fs.Sub(embedded, "bundle")
	if err != nil {
		return nil, fmt.Errorf("open the embedded policy bundle: %w", err)
	}
	files, err := archive.ReadFS(root, archive.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("read the embedded policy bundle: %w", err)
	}
	return files, nil
}

// Capabilities are what the gate compiles bundles with: OPA's without built-in
// functions whose answer depends on anything but their arguments.
func Capabilities() *ast.Capabilities { return pureCapabilities() }

// RulesIn are the rules that a compiled bundle documents in METADATA
// annotations, sorted by effect and code.
func RulesIn(c *ast.Compiler) []Rule { return annotatedRules(c) }
