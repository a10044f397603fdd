package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegisworld/aegis"
)

// StateFiles is direct access to the files that Pulumi's own backends keep:
// a key such as ".pulumi/stacks/aegis/dev.network.eu-west-1.json.gz" has a
// content. In a postgres:// backend they are rows of one table (key, data),
// whose keys begin with the URL's path, that is the database's name.
type StateFiles interface {
	// ReadState returns a file's content, or aegis.ErrNotFound.
	ReadState(ctx context.Context, key string) ([]byte, error)
	// WriteState creates or replaces a file.
	WriteState(ctx context.Context, key string, data []byte) error
	// ListState returns the keys that begin with prefix, sorted.
	ListState(ctx context.Context, prefix string) ([]string, error)
	// DeleteState removes a file; it is no error when it is gone.
	DeleteState(ctx context.Context, key string) error
}

// attributes is how the names end of the files that Pulumi's file:// backend puts
// beside those with contents. It writes them in two steps, so that one that was killed
// in between leaves an empty one, and reads nothing beside it any more ("EOF").
const attributes = ".attrs"

// besides are files that have others with attributes beside them.
type besides interface {
	// dropTorn removes the empty ones of those whose keys begin with prefix, and says
	// how many: without them the contents are read.
	dropTorn(prefix string) (int, error)
}

// backendFiles are the files of a file:// backend, nil for others.
func backendFiles(backendURL string) StateFiles {
	if dir, ok := strings.CutPrefix(backendURL, "file://"); ok {
		return stateDir(dir)
	}
	return nil
}

// under returns the files that a backend keeps in files: Pulumi puts the path of
// a postgres:// URL before every key.
func under(files StateFiles, backendURL string) StateFiles {
	u, err := url.Parse(backendURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return files
	}
	prefix := strings.Trim(u.Path, "/")
	if files == nil || prefix == "" {
		return files
	}
	return subfolder{files, prefix + "/"}
}

// subfolder are files whose keys begin with a prefix.
type subfolder struct {
	files  StateFiles
	prefix string
}

// ReadState reads a file.
func (s subfolder) ReadState(ctx context.Context, key string) ([]byte, error) {
	return s.files.ReadState(ctx, s.prefix+key)
}

// WriteState writes a file.
func (s subfolder) WriteState(ctx context.Context, key string, data []byte) error {
	return s.files.WriteState(ctx, s.prefix+key, data)
}

// ListState lists files.
func (s subfolder) ListState(ctx context.Context, prefix string) ([]string, error) {
	keys, err := s.files.ListState(ctx, s.prefix+prefix)
	for i := range keys {
		keys[i] = strings.TrimPrefix(keys[i], s.prefix)
	}
	return keys, err
}

// DeleteState removes a file.
func (s subfolder) DeleteState(ctx context.Context, key string) error {
	return s.files.DeleteState(ctx, s.prefix+key)
}

// dropTorn removes empty files of attributes.
func (s subfolder) dropTorn(prefix string) (int, error) {
	if files, ok := s.files.(besides); ok {
		return files.dropTorn(s.prefix + prefix)
	}
	return 0, nil
}

// stateDir is the folder of a file:// backend.
type stateDir string

func (d stateDir) path(key string) (string, error) {
	if !filepath.IsLocal(key) {
		return "", aegis.Invalid("key", fmt.Sprintf("%q leaves the state folder", key))
	}
	return filepath.Join(string(d), filepath.FromSlash(key)), nil
}

// ReadState reads a file.
func (d stateDir) ReadState(_ context.Context, key string) ([]byte, error) {
	name, err := d.path(key)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(name) //nolint:gosec // the key is local
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("state file %s: %w", key, aegis.ErrNotFound)
	}
	return b, err
}

// WriteState writes all or nothing.
func (d stateDir) WriteState(_ context.Context, key string, data []byte) error {
	name, err := d.path(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return writeFile(name, data)
}

// ListState lists files, leaving out the attributes that Pulumi puts beside.
func (d stateDir) ListState(_ context.Context, prefix string) ([]string, error) {
	name, err := d.path(prefix)
	if err != nil {
		return nil, err
	}
	var keys []string
	err = filepath.WalkDir(filepath.Dir(name), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || strings.HasSuffix(path, attributes) {
			return err
		}
		rel, err := filepath.Rel(string(d), path)
		if key := filepath.ToSlash(rel); err == nil && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
		return err
	})
	return keys, err
}

// DeleteState removes a file and its attributes.
func (d stateDir) DeleteState(_ context.Context, key string) error {
	name, err := d.path(key)
	if err != nil {
		return err
	}
	for _, f := range []string{name, name + attributes} {
		if err := beyond(os.Remove(f)); err != nil {
			return err
		}
	}
	return nil
}

// dropTorn removes empty files of attributes.
func (d stateDir) dropTorn(prefix string) (int, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return 0, beyond(err)
	}
	defer func() { _ = root.Close() }()
	return rootFiles{root: root}.dropTorn(prefix)
}
