package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis"
)

// longestBundle is what the API takes, in bytes, before it is packed.
const longestBundle = 10 << 20

// readCandidate puts a bundle into a request: a folder with a .manifest or a
// .tar.gz as a bundle of its own, any other folder as modules and data.
func readCandidate(name string, r *aegis.SimulationRequest) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	if !info.IsDir() {
		if r.Bundle, err = os.ReadFile(name); err != nil { //nolint:gosec // the caller names it
			return fmt.Errorf("read the bundle: %w", err)
		}
		return nil
	}
	files, err := bundleFiles(os.DirFS(name))
	if err != nil {
		return fmt.Errorf("read the bundle in %s: %w", name, err)
	}
	if _, whole := files[".manifest"]; whole {
		r.Bundle, err = pack(files)
		return err
	}
	return addFiles(files, r)
}

// bundleFiles reads what belongs to a bundle, without its tests.
func bundleFiles(dir fs.FS) (map[string][]byte, error) {
	files, total := map[string][]byte{}, 0
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !belongs(name) {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		if total += len(text); total > longestBundle {
			return fmt.Errorf("it is larger than %d MiB", longestBundle>>20)
		}
		files[name] = text
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errors.New("there is neither a .rego file nor data in it")
	}
	return files, err
}

func belongs(name string) bool {
	switch path.Base(name) {
	case "data.json", "data.yaml", "data.yml":
		return true
	}
	return name == ".manifest" || strings.HasSuffix(name, ".rego") && !strings.HasSuffix(name, "_test.rego")
}

// addFiles makes modules and data of files. Data belongs under its folder.
func addFiles(files map[string][]byte, r *aegis.SimulationRequest) error {
	r.Modules, r.Data = map[string]string{}, map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".rego") {
			r.Modules[name] = string(files[name])
			continue
		}
		var data map[string]any
		if err := yaml.Unmarshal(files[name], &data); err != nil { // of which JSON is a part
			return fmt.Errorf("read %s: %w", name, err)
		}
		at := r.Data
		for part := range strings.SplitSeq(path.Dir(name), "/") {
			if part == "." {
				continue
			}
			below, ok := at[part].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[part] = below
			}
			at = below
		}
		maps.Copy(at, data)
	}
	return nil
}

// pack makes a .tar.gz.
func pack(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		if err := archive.WriteHeader(&tar.Header{Name: "/" + name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
		if _, err := archive.Write(text); err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		return nil, fmt.Errorf("pack the bundle: %w", err)
	}
	return out.Bytes(), nil
}
