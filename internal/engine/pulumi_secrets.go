package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// maxCrypters bounds the keys that are kept, one for each stack.
const maxCrypters = 4096

// stateSecrets decrypts the secrets in states where that needs no service. A
// stack's key takes a fifth of a second to derive, so it is kept.
type stateSecrets struct {
	passphraseFile string

	mu       sync.Mutex
	crypters map[string]config.Decrypter // by the state of the passphrase provider
}

func newStateSecrets(cfg Config) *stateSecrets {
	s := &stateSecrets{crypters: map[string]config.Decrypter{}}
	if cfg.SecretsProvider == "passphrase" {
		s.passphraseFile = cfg.PassphraseFile
	}
	return s
}

// decrypter returns what decrypts the secrets of a state.
func (s *stateSecrets) decrypter(ctx context.Context, p apitype.SecretsProvidersV1) (config.Decrypter, error) {
	if p.Type != "passphrase" || s.passphraseFile == "" {
		return nil, unproven("its secrets are not decrypted here")
	}
	var state struct {
		Salt string `json:"salt"`
	}
	if err := json.Unmarshal(p.State, &state); err != nil {
		return nil, unproven("the encryption of its secrets is not understood")
	}
	s.mu.Lock()
	known := s.crypters[state.Salt]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	phrase, err := os.ReadFile(s.passphraseFile)
	if err != nil {
		return nil, unproven("the passphrase can't be read")
	}
	made, err := fromPassphrase(ctx, string(bytes.TrimSpace(phrase)), state.Salt)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.crypters) >= maxCrypters {
		clear(s.crypters)
	}
	s.crypters[state.Salt] = made
	return made, nil
}

// fromPassphrase derives a key; salt is "v1:<base64>:<a known text, encrypted>".
// See github.com/pulumi/pulumi/pkg/v3/secrets/passphrase.
func fromPassphrase(ctx context.Context, phrase, salt string) (config.Decrypter, error) {
	parts := strings.SplitN(salt, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		return nil, unproven("the encryption of its secrets is not understood")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, unproven("the encryption of its secrets is not understood")
	}
	made := config.NewSymmetricCrypterFromPassphrase(phrase, raw)
	if told, err := made.DecryptValue(ctx, parts[2]); err != nil || told != "pulumi" {
		return nil, unproven("the passphrase is not that of its secrets")
	}
	return made, nil
}

// revealer puts the values of secrets in their places.
type revealer struct {
	secrets *stateSecrets
	kind    apitype.SecretsProvidersV1
	key     config.Decrypter
}

// object returns serialised properties as a plugin takes them, secrets bare.
func (r *revealer) object(ctx context.Context, in map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(in))
	for k, v := range in {
		plain, err := r.value(ctx, v)
		if err != nil {
			return nil, err
		}
		out[k] = plain
	}
	return out, nil
}

func (r *revealer) value(ctx context.Context, v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			plain, err := r.value(ctx, x)
			if err != nil {
				return nil, err
			}
			out[i] = plain
		}
		return out, nil
	case map[string]any:
		switch v[sig.Key] {
		case nil:
			return r.object(ctx, v)
		case sig.Secret:
			return r.secret(ctx, v)
		case sig.AssetSig, sig.ArchiveSig:
			return v, nil // as plugins take them
		default:
			return nil, unproven("a value is a reference")
		}
	default:
		return v, nil
	}
}

func (r *revealer) secret(ctx context.Context, v map[string]any) (any, error) {
	text, plain := v["plaintext"].(string)
	if !plain {
		cipher, ok := v["ciphertext"].(string)
		if !ok {
			return nil, unproven("a secret has no value")
		}
		if r.key == nil {
			var err error
			if r.key, err = r.secrets.decrypter(ctx, r.kind); err != nil {
				return nil, err
			}
		}
		var err error
		if text, err = r.key.DecryptValue(ctx, cipher); err != nil {
			return nil, unproven("a secret can't be decrypted")
		}
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, unproven("a secret is not understood")
	}
	return r.value(ctx, value)
}
