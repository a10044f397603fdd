package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// cache keeps answers that depend only on the provider binary and the
// question. An entry that is unreadable counts as absent.
type cache struct {
	dir string
	// salt tells builds of the provider and of this program apart.
	salt string
}

// openCache takes folder dir, or the user's cache folder when dir is empty,
// for answers of the provider binary.
func openCache(dir, binary string) (*cache, error) {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a cache folder (set AEGIS_PLUGIN_CACHE): %w", err)
		}
		dir = filepath.Join(base, "aegis", "pulumi-resource-aws")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the folder that the operator named
		return nil, fmt.Errorf("create cache folder: %w", err)
	}
	info, err := os.Stat(binary) //nolint:gosec // the binary that the operator named
	if err != nil {
		return nil, fmt.Errorf("read provider binary: %w", err)
	}
	salt := fmt.Sprintf("%s %s %d %d", version, filepath.Base(binary), info.Size(), info.ModTime().UnixNano())
	return &cache{dir: dir, salt: salt}, nil
}

// path names the entry of a question by its hash, so that no configuration
// value reaches the disk.
func (c *cache) path(kind string, question []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", c.salt, kind)
	sum.Write(question)
	return filepath.Join(c.dir, kind+"-"+hex.EncodeToString(sum.Sum(nil)))
}

func (c *cache) get(kind string, question []byte) ([]byte, bool) {
	answer, err := os.ReadFile(c.path(kind, question))
	return answer, err == nil
}

// put stores an answer. A cache that cannot be written only costs time, so
// there is no error.
func (c *cache) put(kind string, question, answer []byte) {
	file, err := os.CreateTemp(c.dir, "new-")
	if err != nil {
		return
	}
	defer os.Remove(file.Name())
	_, err = file.Write(answer)
	if closeErr := file.Close(); err != nil || closeErr != nil {
		return
	}
	_ = os.Rename(file.Name(), c.path(kind, question))
}
