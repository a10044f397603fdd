package artifacts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// objects is where artifacts are kept: files by a key with slashes.
type objects interface {
	// Read returns aegis.ErrNotFound when there is none.
	Read(ctx context.Context, key string) ([]byte, error)
	// Write creates or replaces, at once or not at all.
	Write(ctx context.Context, key string, data []byte) error
	// List returns the keys that begin with prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// Remove is no error when there is none.
	Remove(ctx context.Context, key string) error
}

// Folder keeps artifacts in files of mode 0600. Several processes may share it.
type Folder struct{ root *os.Root }

// unfinished begins the names of files that are being written.
const unfinished = ".new-"

// OpenFolder opens a folder, which is made, mode 0700, when it is missing.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of artifacts: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of artifacts: %w", err)
	}
	return &Folder{root}, nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// check refuses keys that are no clean paths below the folder.
func check(key string) error {
	if !fs.ValidPath(key) || key == "." || strings.Contains("/"+key, "/"+unfinished) {
		return aegis.Invalid("key", "is no path of an artifact")
	}
	return nil
}

// Read returns aegis.ErrNotFound when there is no such file.
func (f *Folder) Read(_ context.Context, key string) ([]byte, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	data, err := f.root.ReadFile(key)
	if errors.Is(err, fs.ErrNotExist) {
		err = aegis.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read artifact %s: %w", key, err)
	}
	return data, nil
}

// Write writes a file beside and renames it.
func (f *Folder) Write(_ context.Context, key string, data []byte) error {
	if err := check(key); err != nil {
		return err
	}
	if err := f.root.MkdirAll(path.Dir(key), 0o700); err != nil {
		return fmt.Errorf("write artifact %s: %w", key, err)
	}
	name := path.Join(path.Dir(key), unfinished+rand.Text())
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write artifact %s: %w", key, err)
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write artifact %s: %w", key, err), f.root.Remove(name))
	}
	if err := f.root.Rename(name, key); err != nil {
		return errors.Join(fmt.Errorf("write artifact %s: %w", key, err), f.root.Remove(name))
	}
	return nil
}

// List walks the folders that can hold such keys.
func (f *Folder) List(_ context.Context, prefix string) ([]string, error) {
	top := path.Dir(prefix + "x")
	if !fs.ValidPath(top) {
		return nil, aegis.Invalid("key", "is no path of an artifact")
	}
	var keys []string
	err := fs.WalkDir(f.root.FS(), top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(entry.Name(), unfinished) {
			keys = append(keys, name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list artifacts %s: %w", prefix, err)
	}
	slices.Sort(keys) // walking goes by folder, keys by the whole path
	return keys, nil
}

// Remove removes a file.
func (f *Folder) Remove(_ context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove artifact %s: %w", key, err)
	}
	return nil
}
