package author

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"

	"github.com/aegisworld/aegis/policies/archive"
)

// gatePackage is the package that decides, packsPackage that of the packs.
const (
	gatePackage  = "data.aegis.gate"
	packsPackage = "data.aegis.packs."
)

func manifest(files archive.Files) []Fault {
	_, err := files.Manifest()
	if err == nil {
		return nil
	}
	return []Fault{in(archive.ManifestName, files[archive.ManifestName], CodeManifest, err)}
}

// unreadable says why a data file can't be read.
func unreadable(name string, text []byte) []Fault {
	_, err := archive.Data(archive.Files{name: text})
	if path.Ext(name) == ".json" && err == nil {
		var value any
		err = json.Unmarshal(text, &value) // YAML would let more pass
	}
	if err == nil {
		return nil
	}
	return []Fault{in(name, text, CodeData, err)}
}

// in is a fault in a document, at its place when it is one of JSON.
func in(name string, text []byte, code string, err error) Fault {
	f := Fault{File: name, Line: 1, Column: 1, Severity: SeverityError, Code: code}
	f.Message = strings.TrimPrefix(err.Error(), "read "+name+": ")
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return f
	}
	var value any
	fault, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &value))
	if !ok {
		return f
	}
	before := text[:min(max(int(fault.Offset)-1, 0), len(text))]
	f.Line = 1 + bytes.Count(before, []byte("\n"))
	f.Column = len(before) - bytes.LastIndexByte(before, '\n')
	f.Message = fault.Error()
	return f
}

// outsideRoots finds what the manifest does not claim; opa would refuse it.
func outsideRoots(files archive.Files, modules map[string]*ast.Module) (faults []Fault) {
	if !files.Whole() {
		return nil
	}
	m, err := files.Manifest()
	if err != nil {
		return faultsOf(err)
	}
	refused := func(line *ast.Location, what, place string) {
		if bundle.RootPathsContain(*m.Roots, place) {
			return
		}
		root, _, _ := strings.Cut(place, "/")
		faults = append(faults, at(line, CodeRoots, fmt.Sprintf(
			"%s is outside of the roots in .manifest (%s); add %q to them", what, strings.Join(*m.Roots, ", "), root)))
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		p := modules[name].Package
		if place, err := p.Path.Ptr(); err == nil {
			refused(p.Location, "package "+strings.TrimPrefix(p.Path.String(), "data."), place)
		}
	}
	for _, name := range files.Names() {
		if !archive.IsData(name) {
			continue
		}
		data, err := archive.Data(archive.Files{name: files[name]})
		if err != nil {
			continue // which syntax has told
		}
		for _, leaf := range leaves("", data, nil) {
			refused(ast.NewLocation(nil, name, 1, 1), "data "+leaf, leaf)
		}
	}
	return faults
}

// leaves are the paths of values that are no objects.
func leaves(above string, data map[string]any, found []string) []string {
	for _, key := range slices.Sorted(maps.Keys(data)) {
		below := strings.TrimPrefix(above+"/"+key, "/")
		if object, ok := data[key].(map[string]any); ok && len(object) > 0 {
			found = leaves(below, object, found)
			continue
		}
		found = append(found, below)
	}
	return found
}

func noGate(files archive.Files, defined map[string]bool, missing []string) Fault {
	f := Fault{Severity: SeverityError, Code: CodeGate}
	if files.Whole() {
		f.File, f.Line, f.Column = archive.ManifestName, 1, 1
	}
	if len(defined) == 0 {
		f.Message = "the bundle stands alone and has no package aegis.gate: every change would be denied as policy_missing. " +
			"Remove .manifest to add it to the running bundle, or begin with aegis policy new --whole"
		return f
	}
	f.Message = fmt.Sprintf("package aegis.gate does not define %s: every change would be denied as policy_undefined", strings.Join(missing, ", "))
	return f
}
