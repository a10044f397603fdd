package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// sight is a hash of all that a look depends on, beside the cloud: the files,
// the variables and the state. It is keyed, since values among them are secret.
func (w *tfWorkspace) sight(state tfState) (string, error) {
	h := hmac.New(sha256.New, w.cfg.DigestKey)
	fmt.Fprintf(h, "%q %q %q %q %d\n", w.workspace(), w.cfg.TerraformCLI, w.cfg.TerraformRC, state.Lineage, state.Serial)
	fmt.Fprintf(h, "%q\n", w.run.Spec.Parameters)
	for _, name := range slices.Sorted(maps.Keys(w.run.Stack.Source.Variables)) {
		fmt.Fprintf(h, "%q %q\n", name, w.run.Stack.Source.Variables[name])
	}
	if err := hashFiles(h, w.dir, "files"); err != nil {
		return "", err
	}
	for _, name := range w.varFiles {
		rel, err := filepath.Rel(w.dir.Name(), name)
		if err != nil {
			return "", unproven("a variables file can't be read")
		}
		if err := hashFile(h, w.dir, rel); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashFiles hashes the names and contents of all files below a folder.
func hashFiles(h io.Writer, root *os.Root, dir string) error {
	return fs.WalkDir(root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.Type().IsRegular():
			return hashFile(h, root, name)
		default:
			_, err = fmt.Fprintf(h, "%q %s\n", name, e.Type())
			return err
		}
	})
}

func hashFile(h io.Writer, root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%q %d\n", name, info.Size())
	_, err = io.Copy(h, f)
	return err
}

// rememberSight notes that Terraform looked at the workspace as it is. What is
// not noted is looked at by Terraform again.
func (w *tfWorkspace) rememberSight(state tfState) {
	sight, err := w.sight(state)
	if err == nil && sight != w.mark().Sight {
		err = w.remember(func(m *mark) { m.Sight = sight })
	}
	if err != nil {
		w.cfg.Logger.Warn("a look was not noted", "stack_id", w.run.Stack.StackID, "error", err)
	}
}
