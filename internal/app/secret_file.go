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
	secret := "aegis_" + base64.RawURLEncoding.EncodeToString(raw[:])
	if err := writePrivate(path, []byte(secret+"\n")); err != nil {
		return "", fmt.Errorf("write secret: %w", err)
	}
	return secret, nil
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
