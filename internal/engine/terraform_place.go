package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// tfPlace is the folder below which the code of adopted stacks runs. The folder
// and what is directly in it belong to this process; below it, each stack and each
// run has a folder of the user that the code runs as. What is in those is reached through
// os.Root only: the code that runs there may put links anywhere.
type tfPlace struct {
	dir  string
	user *syscall.Credential
}

// guard ends an engine with its providers when the process that started it is
// gone: Pdeathsig reaches the engine alone, and a provider would go on creating.
// Descriptor 3 ends when that process does.
const guard = `#!/bin/sh
(
	read -r _ <&3
	kill -9 "-$$"
) >/dev/null 2>&1 </dev/null &
exec 3<&-
exec "$AEGIS_ENGINE" "$@"
`

func newTFPlace(cfg Config) (tfPlace, error) {
	p := tfPlace{dir: cfg.TerraformDir, user: cfg.TerraformUser}
	if p.dir == "" {
		p.dir = filepath.Join(cfg.WorkDir, "terraform")
		if p.user != nil {
			sum := sha256.Sum256([]byte(cfg.WorkDir))
			p.dir = filepath.Join(os.TempDir(), "aegis-terraform-"+hex.EncodeToString(sum[:6]))
		}
	}
	if err := p.prepare(cfg); err != nil {
		return p, fmt.Errorf("prepare the folder for Terraform: %w", err)
	}
	return p, nil
}

func (p tfPlace) prepare(cfg Config) error {
	if err := os.MkdirAll(filepath.Dir(p.dir), 0o700); err != nil {
		return err
	}
	for _, dir := range []string{p.dir, p.stacks(), p.runs(), p.marks()} {
		if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // its user must pass through
			return err
		}
		if err := ours(dir); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // its user must pass through
			return err
		}
	}
	if cfg.TerraformRC != "" {
		rc, err := os.ReadFile(cfg.TerraformRC)
		if err != nil {
			return err
		}
		if err := replace(p.rc(), rc, 0o644); err != nil {
			return err
		}
	}
	return replace(p.guard(), []byte(guard), 0o755)
}

func replace(name string, data []byte, mode fs.FileMode) error {
	// A child forked while a script is open for writing would hold it open, and
	// running it would fail with "text file busy".
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := writeFile(name, data); err != nil {
		return err
	}
	return os.Chmod(name, mode)
}

// ours says that a folder is no link and that nobody else can write to it.
func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not a folder of this user alone", dir)
	}
	return nil
}

func (p tfPlace) guard() string  { return filepath.Join(p.dir, "guard") }
func (p tfPlace) rc() string     { return filepath.Join(p.dir, "terraform.rc") }
func (p tfPlace) stacks() string { return filepath.Join(p.dir, "stacks") }
func (p tfPlace) runs() string   { return filepath.Join(p.dir, "runs") }

// marks has a file for each stack that only this process writes.
func (p tfPlace) marks() string { return filepath.Join(p.dir, "marks") }

// own gives a file or folder to the user that Terraform runs as.
func (p tfPlace) own(root *os.Root, name string) error {
	if p.user == nil {
		return nil
	}
	return root.Lchown(name, int(p.user.Uid), int(p.user.Gid))
}

// ownAll gives a folder and all below it to that user.
func (p tfPlace) ownAll(root *os.Root) error {
	if p.user == nil {
		return nil
	}
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return p.own(root, name)
	})
}

// write replaces a file of that user.
func (p tfPlace) write(root *os.Root, name string, data []byte) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close(), p.own(root, name))
}

// folder makes a folder of that user, which may be there.
func (p tfPlace) folder(root *os.Root, name string) error {
	if err := root.MkdirAll(name, 0o700); err != nil {
		return err
	}
	return p.own(root, name)
}
