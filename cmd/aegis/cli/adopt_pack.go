package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxPacked bounds an archive, as the API does.
const maxPacked = 11 << 20

// packFolder makes a .tar.gz of a Terraform folder: no state, no .terraform, no
// .git, and nothing that lies outside.
func packFolder(dir string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	t := tar.NewWriter(zipped)
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == ".terraform" || e.Name() == "terraform.tfstate.d"):
			return fs.SkipDir
		case e.IsDir() || strings.Contains(e.Name(), ".tfstate"):
			return nil
		case e.Type()&fs.ModeSymlink == 0 && !e.Type().IsRegular():
			return nil
		}
		if out.Len() > maxPacked {
			return fmt.Errorf("it is larger than %d MiB packed", maxPacked>>20)
		}
		return packFile(t, root, name)
	})
	if err = errors.Join(err, t.Close(), zipped.Close()); err != nil {
		return nil, fmt.Errorf("pack %s: %w", dir, err)
	}
	return out.Bytes(), nil
}

func packFile(t *tar.Writer, root *os.Root, name string) error {
	f, err := root.Open(name) // which follows no link out of the folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: int64(info.Mode().Perm())}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, info.Size())
	return err
}
