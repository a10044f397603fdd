package deploy_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	checkout    = "../.."
	chartFolder = checkout + "/deploy/helm/aegis"
	namespace   = "autopilot"
)

// variants are the values that the chart is rendered with: its own, and each
// file of its ci folder.
func variants(t *testing.T) map[string]chartutil.Values {
	t.Helper()
	found := map[string]chartutil.Values{"default": {}}
	files, err := filepath.Glob(chartFolder + "/ci/*-values.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		found[strings.TrimSuffix(filepath.Base(file), "-values.yaml")] = readValues(t, file)
	}
	return found
}

func readValues(t *testing.T, file string) chartutil.Values {
	t.Helper()
	values, err := chartutil.ReadValuesFile(file)
	require.NoError(t, err)
	return values
}

func parse(t *testing.T, text string) chartutil.Values {
	t.Helper()
	values, err := chartutil.ReadValues([]byte(text))
	require.NoError(t, err)
	return values
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	loaded, err := loader.Load(chartFolder)
	require.NoError(t, err)
	return loaded
}

// render renders the chart as `helm install aegis` does, the schema included.
func render(t *testing.T, values chartutil.Values) (map[string]string, error) {
	t.Helper()
	loaded := loadChart(t)
	release := chartutil.ReleaseOptions{Name: "aegis", Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(loaded, values, release, chartutil.DefaultCapabilities.Copy())
	if err != nil {
		return nil, err
	}
	return (&engine.Engine{Strict: true}).Render(loaded, all)
}

// objects decodes everything that was rendered, each document into its
// Kubernetes type, and fails on a field that the type does not have.
func objects(t *testing.T, values chartutil.Values) []runtime.Object {
	t.Helper()
	files, err := render(t, values)
	require.NoError(t, err)
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var all []runtime.Object
	for name, text := range files {
		if filepath.Ext(name) != ".yaml" {
			continue
		}
		documents := yaml.NewYAMLReader(newReader(text))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if empty(document) {
				continue
			}
			object, _, err := decoder.Decode(document, nil, nil)
			require.NoError(t, err, "%s:\n%s", name, document)
			all = append(all, object)
		}
	}
	return all
}

func empty(document []byte) bool {
	for line := range strings.Lines(string(document)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && line != "---" {
			return false
		}
	}
	return true
}

// only returns the one object of a type, which must be there.
func only[T runtime.Object](t *testing.T, all []runtime.Object, name string) T {
	t.Helper()
	found := named[T](t, all, name)
	require.Len(t, found, 1, "%T %s", *new(T), name)
	return found[0]
}

// named returns the objects of a type with a name.
func named[T runtime.Object](t *testing.T, all []runtime.Object, name string) []T {
	t.Helper()
	var found []T
	for _, object := range all {
		if typed, ok := object.(T); ok && nameOf(t, object) == name {
			found = append(found, typed)
		}
	}
	return found
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(content)
}
