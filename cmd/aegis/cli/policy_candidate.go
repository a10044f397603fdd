package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

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
	files, err := archive.ReadFS(os.DirFS(name), archive.DefaultLimits())
	if err != nil {
		return fmt.Errorf("read the bundle in %s: %w", name, err)
	}
	maps.DeleteFunc(files, func(file string, _ []byte) bool { return archive.IsTest(file) })
	if files.Whole() {
		var packed bytes.Buffer
		if err := files.Tar(&packed); err != nil {
			return fmt.Errorf("pack the bundle in %s: %w", name, err)
		}
		r.Bundle = packed.Bytes()
		return nil
	}
	r.Modules = map[string]string{}
	for file, text := range files {
		if archive.IsModule(file) {
			r.Modules[file] = string(text)
		}
	}
	if r.Data, err = archive.Data(files); err != nil {
		return fmt.Errorf("read the bundle in %s: %w", name, err)
	}
	if len(r.Modules)+len(r.Data) == 0 {
		return fmt.Errorf("read the bundle in %s: %w", name, errors.New("there is neither a .rego file nor data in it"))
	}
	return nil
}
