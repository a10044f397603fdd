package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// Compose adds files to a running bundle: a module replaces the one of its
// path, data is merged deeply with the added value winning, and the manifest
// stays the running one's, with a root for each package or data that it did
// not cover. Signatures of either do not cover the result and are left out.
// Data that can't be read is an error that names its file.
func Compose(running, added Files) (Files, error) {
	files := maps.Clone(running)
	delete(files, SignaturesName)
	for name, content := range added {
		if !IsData(name) && name != SignaturesName && name != ManifestName {
			files[name] = content
		}
	}
	data, err := Data(added)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		if err := mergeData(files, data); err != nil {
			return nil, err
		}
	}
	if !files.Whole() {
		return files, nil
	}
	return widen(files, added, data)
}

// mergeData puts all data into one file, as opa build does.
func mergeData(files Files, over map[string]any) error {
	base, err := Data(files)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(merge(base, over), "", "  ")
	if err != nil {
		return fmt.Errorf("encode data.json: %w", err)
	}
	maps.DeleteFunc(files, func(name string, _ []byte) bool { return IsData(name) })
	files["data.json"] = append(raw, '\n')
	return nil
}

// widen adds the roots that are missing.
func widen(files, added Files, data map[string]any) (Files, error) {
	m, err := files.Manifest()
	if err != nil {
		return nil, err
	}
	roots := slices.Clone(*m.Roots)
	for _, place := range places(added, data) {
		if !bundle.RootPathsContain(roots, place) {
			root, _, _ := strings.Cut(place, "/")
			roots = slices.DeleteFunc(roots, func(r string) bool { return bundle.RootPathsOverlap(r, root) })
			roots = append(roots, root)
		}
	}
	if slices.Equal(roots, *m.Roots) {
		return files, nil
	}
	m.Roots = &roots
	return files.WithManifest(m)
}

// places are the paths of packages and of data; modules that don't parse have
// none, and are for others to complain of.
func places(added Files, data map[string]any) []string {
	found := leaves("", data, nil)
	for _, name := range added.Names() {
		if !IsModule(name) {
			continue
		}
		module, err := ast.ParseModule(name, string(added[name]))
		if err != nil || module == nil {
			continue
		}
		if place, err := module.Package.Path.Ptr(); err == nil {
			found = append(found, place)
		}
	}
	return found
}

func leaves(at string, data map[string]any, found []string) []string {
	for _, key := range slices.Sorted(maps.Keys(data)) {
		below := strings.TrimPrefix(at+"/"+key, "/")
		if object, ok := data[key].(map[string]any); ok && len(object) > 0 {
			found = leaves(below, object, found)
			continue
		}
		found = append(found, below)
	}
	return found
}

// Data is the merged data of all data files, JSON numbers as json.Number. That
// of a.../data.json is under its folder.
func Data(f Files) (map[string]any, error) {
	data := map[string]any{}
	for _, name := range f.Names() {
		if !IsData(name) {
			continue
		}
		var value any
		if err := util.Unmarshal(f[name], &value); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		object, err := underFolder(path.Dir(name), value)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		data = merge(data, object)
	}
	return data, nil
}

func underFolder(folder string, value any) (map[string]any, error) {
	if folder != "." {
		parts := strings.Split(folder, "/")
		for _, part := range slices.Backward(parts) {
			value = map[string]any{part: value}
		}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("at the root of a bundle, data is an object")
	}
	return object, nil
}

func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for k, v := range over {
		below, isObject := v.(map[string]any)
		old, wasObject := merged[k].(map[string]any)
		if isObject && wasObject {
			v = merge(old, below)
		}
		merged[k] = v
	}
	return merged
}
