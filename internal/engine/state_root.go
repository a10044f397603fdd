package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/aegisworld/aegis"
)

// rootFiles are the files of a file:// backend in a folder that others can write
// to: no link there leads out of it.
type rootFiles struct {
	root *os.Root
	// give lets what was made belong to whom it should.
	give func(root *os.Root, name string) error
}

// ReadState reads a file.
func (f rootFiles) ReadState(_ context.Context, key string) ([]byte, error) {
	b, err := readWithin(f.root, key, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("state file %s: %w", key, aegis.ErrNotFound)
	}
	return b, err
}

// WriteState writes all or nothing.
func (f rootFiles) WriteState(_ context.Context, key string, data []byte) error {
	if err := f.folder(path.Dir(key)); err != nil {
		return err
	}
	made := path.Join(path.Dir(key), ".new-"+path.Base(key))
	if err := f.root.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w, err := f.root.OpenFile(made, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = errors.Join(f.give(f.root, made), f.root.Rename(made, key))
	}
	if err != nil {
		_ = f.root.Remove(made)
	}
	return err
}

// folder makes a folder and those above it.
func (f rootFiles) folder(name string) error {
	if name == "." {
		return nil
	}
	if err := f.folder(path.Dir(name)); err != nil {
		return err
	}
	err := f.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return errors.Join(err, f.give(f.root, name))
}

// ListState lists files, leaving out the attributes that Pulumi puts beside.
func (f rootFiles) ListState(_ context.Context, prefix string) ([]string, error) {
	var keys []string
	err := fs.WalkDir(f.root.FS(), path.Dir(prefix), func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || strings.HasSuffix(name, attributes) {
			return err
		}
		if strings.HasPrefix(name, prefix) {
			keys = append(keys, name)
		}
		return nil
	})
	return keys, err
}

// DeleteState removes a file and its attributes.
func (f rootFiles) DeleteState(_ context.Context, key string) error {
	for _, name := range []string{key, key + attributes} {
		if err := beyond(f.root.Remove(name)); err != nil {
			return err
		}
	}
	return nil
}

// dropTorn removes empty files of attributes.
func (f rootFiles) dropTorn(prefix string) (torn int, err error) {
	err = fs.WalkDir(f.root.FS(), path.Dir(prefix), func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, attributes) {
			return beyond(err)
		}
		info, err := e.Info()
		if err != nil || info.Size() > 0 {
			return beyond(err)
		}
		torn++
		return beyond(f.root.Remove(name))
	})
	return torn, err
}

// beyond is an error but that something is not there, or not any more.
func beyond(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// giveLikeFolder lets a file belong to whom the folder belongs to.
func giveLikeFolder(root *os.Root, name string) error {
	info, err := root.Stat(".")
	if stat, ok := infoStat(info, err); ok && os.Geteuid() == 0 {
		return root.Lchown(name, int(stat.Uid), int(stat.Gid))
	}
	return err
}
