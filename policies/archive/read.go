package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// ReadTar reads a .tar.gz. It unpacks no further than the limits go. Errors
// about an entry match ErrUnsafe and name it.
func ReadTar(r io.Reader, l Limits) (Files, error) {
	packed := &bounded{r: r, left: l.Compressed, what: fmt.Sprintf("it is larger than %d bytes packed", l.Compressed)}
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("read bundle: it is no .tar.gz: %w", err)
	}
	// Headers and padding take a part of their own beside the contents.
	most := l.Total + int64(l.Files)*2048 + 1<<20
	unpacked := &bounded{r: unzipped, left: most, what: fmt.Sprintf("it unpacks to more than %d bytes", l.Total)}
	c := &collector{limits: l, files: Files{}}
	if err := c.readTar(tar.NewReader(unpacked)); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	// To the end, where the checksum is.
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return c.files, nil
}

// ReadFS reads a folder with everything below it except hidden files and
// folders such as .git; of those it takes .manifest and .signatures.json.
// Symbolic links and devices are refused as in a tarball.
func ReadFS(fsys fs.FS, l Limits) (Files, error) {
	c := &collector{limits: l, files: Files{}}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case hidden(name) && entry.IsDir():
			return fs.SkipDir
		case hidden(name):
			return nil
		case entry.IsDir():
			return c.count(name)
		case !entry.Type().IsRegular():
			return unsafe(name, "is neither a file nor a folder")
		default:
			return c.readFile(fsys, name)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return c.files, nil
}

func hidden(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") && !strings.HasPrefix(base, ManifestName) && base != SignaturesName
}

// collector takes files until a limit is reached.
type collector struct {
	limits  Limits
	files   Files
	entries int
	total   int64
}

func (c *collector) readTar(t *tar.Reader) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.entry(h, t); err != nil {
			return err
		}
	}
}

func (c *collector) entry(h *tar.Header, content io.Reader) error {
	name, err := entryName(h.Name)
	if err != nil {
		return err
	}
	if err := c.count(h.Name); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg:
		if name == "" || strings.HasSuffix(h.Name, "/") {
			return unsafe(h.Name, "has no file name")
		}
		return c.add(name, h.Size, content)
	default:
		return unsafe(h.Name, "is neither a file nor a folder")
	}
}

func (c *collector) readFile(fsys fs.FS, name string) error {
	if err := c.count(name); err != nil {
		return err
	}
	clean, err := entryName(name)
	if err != nil {
		return err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return c.add(clean, info.Size(), f)
}

func (c *collector) count(name string) error {
	if c.entries++; c.entries > c.limits.Files {
		return unsafe(name, "is one too many; the most is %d", c.limits.Files)
	}
	return nil
}

// add reads a file, whatever size it claims to have.
func (c *collector) add(name string, claimed int64, content io.Reader) error {
	if err := supported(name); err != nil {
		return err
	}
	if _, twice := c.files[name]; twice {
		return unsafe(name, "comes twice")
	}
	if claimed > c.limits.File {
		return unsafe(name, "is larger than %d bytes", c.limits.File)
	}
	b, err := io.ReadAll(io.LimitReader(content, c.limits.File+1))
	if err != nil {
		return fmt.Errorf("entry %q: %w", name, err)
	}
	if int64(len(b)) > c.limits.File {
		return unsafe(name, "is larger than %d bytes", c.limits.File)
	}
	if c.total += int64(len(b)); c.total > c.limits.Total {
		return unsafe(name, "makes the bundle larger than %d bytes", c.limits.Total)
	}
	c.files[name] = b
	return nil
}

// bounded reads so much and no more: one byte further is ErrUnsafe.
type bounded struct {
	r    io.Reader
	left int64
	what string
}

// Read reads while there is something left of the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("%w: %s", ErrUnsafe, b.what)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: %s", ErrUnsafe, b.what)
	}
	return n, err
}
