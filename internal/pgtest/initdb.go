package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// binaries is the folder of the newest server on this machine: of
// AEGIS_POSTGRES_BIN, of PATH, or the distribution's.
func binaries() (string, error) {
	var candidates []string
	if dir, ok := os.LookupEnv("AEGIS_POSTGRES_BIN"); ok {
		candidates = append(candidates, dir)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found)
		candidates = append(candidates, found...)
	}
	for _, dir := range candidates {
		if executable(dir, "initdb") && executable(dir, "postgres") {
			return dir, nil
		}
	}
	return "", errors.New("no PostgreSQL server found: install one, or set AEGIS_POSTGRES_BIN to its bin folder")
}

func executable(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// unprivileged is whom the server runs as: nil for this user, or somebody
// else when this is root, whom Postgres refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no credential is what exec.Cmd wants
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("this is root, and there is no user postgres or nobody to run the server as")
}

// initialise creates the server's files in dir.
func initialise(bin, dir, password string, owner *syscall.Credential) error {
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	if owner != nil {
		if err := errors.Join(chown(dir, owner), chown(secret, owner)); err != nil {
			return fmt.Errorf("give the folder away: %w", err)
		}
	}
	data := filepath.Join(dir, "data")
	cmd := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "aegis", //nolint:gosec // paths of this machine
		"--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return appendSettings(filepath.Join(data, "postgresql.auto.conf"))
}

func chown(path string, owner *syscall.Credential) error {
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

func appendSettings(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the folder is ours
	if err != nil {
		return fmt.Errorf("configure server: %w", err)
	}
	_, err = f.WriteString(settings)
	return errors.Join(err, f.Close())
}
