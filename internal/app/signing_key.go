package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aegisworld/aegis/policies/archive"
)

// The sandbox's own key of policy bundles: the private one, mode 0600, and the
// public one, by which the control plane knows the signature.
const (
	signingKeyFile   = "policy-signing.pem"
	verifyingKeyFile = "policy-signing.pub.pem"
	signingKeyID     = "sandbox"
)

// sandboxKeys are the keys that a sandbox takes bundles from.
func sandboxKeys(dir string) []PolicyKey {
	return []PolicyKey{{ID: signingKeyID, File: filepath.Join(dir, verifyingKeyFile)}}
}

// ensureSigningKey makes the sandbox's key unless it is there.
func ensureSigningKey(dir string) error {
	private := filepath.Join(dir, signingKeyFile)
	if _, err := os.Stat(private); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	key, public, err := archive.GenerateKey(archive.EdDSA)
	if err != nil {
		return fmt.Errorf("make the key of policy bundles: %w", err)
	}
	// The private key comes last: where it is, the public one is too.
	err = writePrivate(filepath.Join(dir, verifyingKeyFile), public)
	if err := errors.Join(err, writePrivate(private, key)); err != nil {
		return fmt.Errorf("write the key of policy bundles: %w", err)
	}
	return nil
}
