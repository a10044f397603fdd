package webhooks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Sealer encrypts what a database may not show: AES-256-GCM, a random nonce in
// front, under a key derived (HKDF-SHA256) from a longer-lived one. What is
// sealed for one purpose opens for that alone.
type Sealer struct{ aead cipher.AEAD }

// NewSealer derives the key.
func NewSealer(key []byte) (Sealer, error) {
	own, err := hkdf.Key(sha256.New, key, nil, "aegis webhooks", 32)
	if err != nil {
		return Sealer{}, fmt.Errorf("derive the key of webhooks: %w", err)
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return Sealer{}, fmt.Errorf("derive the key of webhooks: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Sealer{aead}, err
}

func (s Sealer) seal(plain, webhookID, purpose string) []byte {
	return s.aead.Seal(nil, nil, []byte(plain), []byte(webhookID+" "+purpose)) //nolint:gosec // the AEAD itself draws its nonce
}

func (s Sealer) open(sealed []byte, webhookID, purpose string) (string, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(webhookID+" "+purpose))
	if err != nil {
		return "", errors.New("decrypt the " + purpose + " of webhook " + webhookID + ": the workers' secrets keys must be the same")
	}
	return string(plain), nil
}

// What is sealed of a webhook.
const (
	sealedURL    = "url"
	sealedSecret = "secret"
)
