package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tokenFile returns the token in a file of mode 0600, which is made, of 256
// random bits in base64url, when it does not exist.
func tokenFile(path string) (string, error) {
	b, err := os.ReadFile(path) //nolint:gosec // a path of our own configuration
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make folder of secret: %w", err)
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	secret := tokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	if err := writePrivate(path, []byte(secret+"\n")); err != nil {
		return "", fmt.Errorf("write secret: %w", err)
	}
	return secret, nil
}

// tokenPrefix begins a token that people choose, of at least and at most so many
// characters: the API looks at no other.
const (
	tokenPrefix = "aegis_"
	leastToken  = 32
	mostToken   = 256
)

// givenToken reads a token that must be there and long enough not to be guessed.
func givenToken(path string) (string, error) {
	b, err := os.ReadFile(path) //nolint:gosec // a path of our own configuration
	if err != nil {
		return "", fmt.Errorf("api.admin_token_file: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if len(token) < leastToken || len(token) > mostToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("api.admin_token_file: %s must hold %d printable characters or more, %d at most, on one line", path, leastToken, mostToken)
	}
	if !strings.HasPrefix(token, tokenPrefix) {
		return "", fmt.Errorf("api.admin_token_file: the token in %s must begin with %s", path, tokenPrefix)
	}
	return token, nil
}

// privateCopy returns the path of a file with this content that nobody else can
// read: the same, or a copy in dir. Clients of Postgres leave a password file
// aside that a group can read, and a mounted Secret is one.
func privateCopy(path, dir string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return path, nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // a path of our own configuration
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder of secret: %w", err)
	}
	own := filepath.Join(dir, filepath.Base(path))
	if err := writePrivate(own, b); err != nil {
		return "", fmt.Errorf("copy secret: %w", err)
	}
	return own, nil
}

// writePrivate writes a file of mode 0600 at once or not at all.
func writePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
