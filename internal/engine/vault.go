package engine

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// sealer makes of snapshots what a store may see. name, the stack, must be the
// same when opening.
type sealer interface {
	seal(plain []byte, name string) ([]byte, error)
	open(sealed []byte, name string) ([]byte, error)
}

// unsealed leaves private files as they are.
type unsealed struct{}

func (unsealed) seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (unsealed) open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }

// vault compresses (gzip) and encrypts (AES-256-GCM, a random nonce in front).
type vault struct {
	key     []byte
	purpose string
}

// newVault derives the vault's own key (HKDF-SHA256) from a longer-lived one.
func newVault(key []byte, purpose string) vault { return vault{key, purpose} }

func (v vault) cipher() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, v.key, nil, v.purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (v vault) seal(plain []byte, name string) ([]byte, error) {
	aead, err := v.cipher()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(plain)
	if err := errors.Join(err, zip.Close()); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return aead.Seal(nil, nil, packed.Bytes(), []byte(name)), nil //nolint:gosec // the AEAD itself draws its nonce
}

func (v vault) open(sealed []byte, name string) ([]byte, error) {
	aead, err := v.cipher()
	if err != nil {
		return nil, err
	}
	packed, err := aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("decrypt (the workers' secrets keys must be the same): %w", err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return io.ReadAll(zip)
}
