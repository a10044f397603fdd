package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

// workpiece is a bundle that somebody works on.
type workpiece struct {
	name   string
	bundle archive.Files
	// base is the bundle inside the binary, nil when the piece stands alone.
	base archive.Files
	// folder says that it is one, and no packed bundle.
	folder bool
}

// openBundle reads a folder or a .tar.gz. One without a manifest is added to
// the bundle inside of the binary.
func openBundle(name string) (workpiece, error) {
	w := workpiece{name: name}
	var err error
	if w.bundle, err = readBundle(name); err != nil {
		return w, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return w, fmt.Errorf("read the policy bundle: %w", err)
	}
	w.folder = info.IsDir()
	if !w.bundle.Whole() {
		w.base, err = policies.Embedded()
	}
	return w, err
}

// checked is the whole bundle when it has no errors; otherwise they are told
// on standard error.
func (c *cli) checked(w workpiece) (archive.Files, error) {
	files, faults := author.Check(w.bundle, w.base)
	wrong := author.Errors(faults)
	if len(wrong) == 0 {
		return files, nil
	}
	for _, f := range wrong {
		_, _ = fmt.Fprintln(c.Err, w.place(f)) // nobody is left to tell
	}
	return nil, fmt.Errorf("%s has %s", w.name, plural(len(wrong), "error"))
}

// place is a fault with the path at which an editor finds the file.
func (w workpiece) place(f author.Fault) string {
	f.File = w.path(f.File)
	if f.Severity == author.SeverityWarning {
		f.Code = "warning: " + f.Code
	}
	return f.String()
}

func (w workpiece) path(file string) string {
	if _, own := w.bundle[file]; file == "" || !w.folder || !own {
		return file
	}
	return filepath.Join(w.name, filepath.FromSlash(file))
}

// create writes a file that must not be there yet.
func create(name string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// replace writes a file so that there is the old one or the new one, whatever
// happens.
func replace(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
