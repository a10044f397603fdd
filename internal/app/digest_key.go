package app

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"

	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/postgres"
)

const (
	digestKeyName = "digest"
	digestKeySize = 32
	// passphraseRounds is what OWASP recommends for PBKDF2-HMAC-SHA256.
	passphraseRounds = 600_000
)

// digestKey is the key of the digests of judged plans and of kept snapshots.
// What one worker judged another may apply, so that they share it, and it is
// not to be read beside them: with an awskms:// secrets provider the database
// has it encrypted by that key, with a passphrase the database has only the
// salt that makes it of the passphrase. Without db it is of this process only.
func digestKey(ctx context.Context, c Config, account *cloud.Cloud, db *postgres.DB) ([]byte, error) {
	if db == nil {
		return randomKey(), nil
	}
	if provider := c.Pulumi.SecretsProvider; strings.HasPrefix(provider, "awskms://") {
		sealed, err := db.SharedKey(ctx, digestKeyName+" "+provider, func(ctx context.Context) ([]byte, error) {
			return account.Seal(ctx, provider, randomKey())
		})
		if err != nil {
			return nil, err
		}
		return account.Unseal(ctx, provider, sealed)
	}
	salt, err := db.SharedKey(ctx, digestKeyName, func(context.Context) ([]byte, error) { return randomKey(), nil })
	if err != nil {
		return nil, err
	}
	passphrase, err := os.ReadFile(c.Pulumi.PassphraseFile)
	if err != nil {
		return nil, fmt.Errorf("read the passphrase: %w", err)
	}
	return pbkdf2.Key(sha256.New, strings.TrimSpace(string(passphrase)), salt, passphraseRounds, digestKeySize)
}

func randomKey() []byte {
	key := make([]byte, digestKeySize)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return key
}
