package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// masker copies Terraform values without nulls and with secrets masked.
type masker struct {
	tfType    string
	sensitive []string
	// secrets are masked wherever they are: providers copy inputs to computed
	// attributes, which Terraform does not mark.
	secrets []string
}

// object masks one resource's attributes; sensitive has true where v is secret.
func (m *masker) object(v, sensitive any) map[string]any {
	out, _ := m.value("", v, sensitive).(map[string]any)
	if out == nil {
		return map[string]any{}
	}
	return out
}

func (m *masker) value(path string, v, sensitive any) any {
	if v == nil {
		return nil
	}
	if secret, ok := sensitive.(bool); path != "" && (ok && secret || alwaysSecret(m.tfType, path) && v != "") {
		m.sensitive = append(m.sensitive, path)
		return aegis.Masked
	}
	switch v := v.(type) {
	case string:
		if path != "" && slices.ContainsFunc(m.secrets, func(s string) bool { return strings.Contains(v, s) }) {
			m.sensitive = append(m.sensitive, path)
			return aegis.Masked
		}
		return v
	case map[string]any:
		marks, _ := sensitive.(map[string]any)
		out := map[string]any{}
		for k, x := range v {
			if x = m.value(join(path, k), x, marks[k]); x != nil {
				out[k] = x
			}
		}
		return out
	case []any:
		marks, _ := sensitive.([]any)
		out := make([]any, len(v))
		for i, x := range v {
			var mark any
			if i < len(marks) {
				mark = marks[i]
			}
			out[i] = m.value(join(path, fmt.Sprint(i)), x, mark)
		}
		return out
	default:
		return v
	}
}

// truePaths lists the paths at which v is true.
func truePaths(path string, v any) []string {
	var paths []string
	switch v := v.(type) {
	case bool:
		if v && path != "" {
			paths = append(paths, path)
		}
	case map[string]any:
		for k, x := range v {
			paths = append(paths, truePaths(join(path, k), x)...)
		}
	case []any:
		for i, x := range v {
			paths = append(paths, truePaths(join(path, fmt.Sprint(i)), x)...)
		}
	}
	return paths
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
