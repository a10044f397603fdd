package tfsource

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfconfig"
)

// copyFolder copies a working directory and the folders of the local modules
// that it calls, as they lie to each other.
func (s *Sources) copyFolder(from, to string) (string, error) {
	folders, err := s.folders(from)
	if err != nil {
		return "", err
	}
	base := common(folders)
	c := &copier{limits: s.limits(), keepLinks: s.Programs}
	for _, folder := range folders {
		rel, err := filepath.Rel(base, folder)
		if err != nil {
			return "", fmt.Errorf("copy the workspace: %w", err)
		}
		if err := c.folder(folder, filepath.Join(to, rel)); err != nil {
			return "", fmt.Errorf("copy the workspace: %w", err)
		}
	}
	rel, err := filepath.Rel(base, from)
	return filepath.Join(to, rel), err
}

// folders are the working directory and what its modules need, none within
// another.
func (s *Sources) folders(from string) ([]string, error) {
	all, next := []string{from}, []string{from}
	if s.Programs {
		return all, nil
	}
	for len(next) > 0 {
		dir := next[0]
		next = next[1:]
		c, err := tfconfig.Read(os.DirFS(dir), ".")
		if err != nil {
			return nil, err
		}
		for _, source := range c.Modules {
			module, err := s.Allow(filepath.Join(dir, source))
			if err != nil {
				return nil, fmt.Errorf("module source %q: %w", source, err)
			}
			if slices.Contains(all, module) {
				continue
			}
			if len(all) >= 200 {
				return nil, aegis.Invalid("source.path", "the workspace calls more than 200 local modules")
			}
			all, next = append(all, module), append(next, module)
		}
	}
	slices.Sort(all)
	return slices.CompactFunc(all, within), nil
}

// common is the deepest folder that holds all of them.
func common(folders []string) string {
	base := folders[0]
	for _, f := range folders[1:] {
		for !within(base, f) {
			base = filepath.Dir(base)
		}
	}
	return base
}

// copier copies until a limit is reached.
type copier struct {
	limits    Limits
	files     int
	total     int64
	keepLinks bool
}

// folder copies what Terraform may read. A symbolic link must not lead out of
// the folder: what is copied may be read by whoever writes the configuration.
func (c *copier) folder(from, to string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch {
		case e.IsDir() && slices.Contains([]string{".git", ".terraform", ".terragrunt-cache", "terraform.tfstate.d"}, e.Name()):
			return fs.SkipDir
		case e.IsDir():
			return os.MkdirAll(target, 0o700)
		case isState(e.Name()):
			return nil
		}
		if c.files++; c.files > c.limits.Files {
			return tooMuch(fmt.Sprintf("has more than %d files", c.limits.Files))
		}
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			return c.link(root, name, target)
		case !e.Type().IsRegular():
			return nil // a socket or a device is nothing that Terraform reads
		default:
			return c.file(root, name, target)
		}
	})
}

// isState says that a file is a state, a backup of one or the lock of one.
func isState(name string) bool {
	return strings.HasSuffix(name, ".tfstate") || strings.Contains(name, ".tfstate.")
}

func (c *copier) link(root *os.Root, name, target string) error {
	to, err := root.Readlink(name)
	if err == nil && c.keepLinks {
		return os.Symlink(to, target)
	}
	if err == nil && filepath.IsAbs(to) {
		err = errors.New("it is absolute")
	}
	if err == nil {
		_, err = root.Stat(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it leads nowhere
	}
	if err != nil {
		return aegis.Invalid("source.path", "the link "+name+" leads out of the workspace")
	}
	return os.Symlink(to, target)
}

func (c *copier) file(root *os.Root, name, target string) error {
	in, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	return c.write(in, name, target, info.Mode())
}

// write copies one file, whatever size it claims to have.
func (c *copier) write(in io.Reader, name, target string, mode fs.FileMode) error {
	perm := fs.FileMode(0o600)
	if mode&0o100 != 0 {
		perm = 0o700
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm) //nolint:gosec // below the folder to copy to
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, c.limits.File+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if c.total += n; n > c.limits.File || c.total > c.limits.Total {
		return tooMuch(fmt.Sprintf("has more than %d MiB, or %s has more than %d MiB", c.limits.Total>>20, name, c.limits.File>>20))
	}
	return nil
}

func tooMuch(what string) error { return aegis.Invalid("source", "the workspace "+what) }
