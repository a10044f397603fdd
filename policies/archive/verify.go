package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// Why a bundle is not trusted; each names what to look at.
var (
	// ErrUnsigned says that there is no .signatures.json.
	ErrUnsigned = errors.New("bundle is not signed")
	// ErrMalformed says that .signatures.json is not in OPA's format.
	ErrMalformed = errors.New("bundle signature is malformed")
	// ErrUnknownKey says that the key id is none of the configured ones.
	ErrUnknownKey = errors.New("bundle is signed by an unknown key")
	// ErrWrongSignature says that the key did not sign this.
	ErrWrongSignature = errors.New("bundle signature is wrong")
	// ErrScope says that the key's scope is not the signature's.
	ErrScope = errors.New("bundle signature has another scope")
	// ErrUncovered says that there is a file which the signature does not name.
	ErrUncovered = errors.New("file is not covered by the bundle's signature")
	// ErrChanged says that a file is not the one that was signed.
	ErrChanged = errors.New("file was changed after the bundle was signed")
	// ErrMissing says that a signed file is not there.
	ErrMissing = errors.New("signed file is missing from the bundle")
)

// maxSignatures bounds .signatures.json, which is read before it is trusted.
const maxSignatures = 1 << 20

// Verify checks that one of the keys signed exactly these files, and says
// which. The signature is checked before anything else is parsed. One without
// a key id is tried with every key.
func Verify(f Files, keys Keys) (keyID string, err error) {
	token, err := f.token()
	if err != nil {
		return "", err
	}
	signed, keyID, err := authentic(token, keys)
	if err != nil {
		return "", err
	}
	for _, name := range f.Names() {
		if name == SignaturesName {
			continue
		}
		if err := covered(signed, name, f[name]); err != nil {
			return "", err
		}
		delete(signed, name)
	}
	if len(signed) > 0 {
		return "", fmt.Errorf("%w: %s", ErrMissing, slices.Min(slices.Collect(maps.Keys(signed))))
	}
	return keyID, nil
}

func (f Files) token() (string, error) {
	raw, ok := f[SignaturesName]
	if !ok {
		return "", ErrUnsigned
	}
	if len(raw) > maxSignatures {
		return "", fmt.Errorf("%w: %s has %d bytes; the most is %d", ErrMalformed, SignaturesName, len(raw), maxSignatures)
	}
	var c bundle.SignaturesConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", fmt.Errorf("%w: read %s: %w", ErrMalformed, SignaturesName, err)
	}
	if len(c.Signatures) != 1 {
		return "", fmt.Errorf("%w: %s has %d signatures, not one", ErrMalformed, SignaturesName, len(c.Signatures))
	}
	return c.Signatures[0], nil
}

// authentic are the files that a token names, once a key has proved it.
func authentic(token string, keys Keys) (map[string]bundle.FileInfo, string, error) {
	id, scope, err := peek(token)
	if err != nil {
		return nil, "", err
	}
	candidates := keys
	if id != "" {
		key, known := keys[id]
		if !known {
			return nil, "", fmt.Errorf("%w: %q; known are: %s", ErrUnknownKey, id, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
		}
		candidates = Keys{id: key}
	}
	if len(candidates) == 0 {
		return nil, "", fmt.Errorf("%w: no key is configured", ErrUnknownKey)
	}
	for _, id := range slices.Sorted(maps.Keys(candidates)) {
		signed, err := prove(token, id, scope, candidates[id])
		switch {
		case errors.Is(err, ErrWrongSignature):
			continue
		case err != nil:
			return nil, "", err
		case candidates[id].Scope != scope:
			return nil, "", fmt.Errorf("%w: %q, where key %q has %q", ErrScope, scope, id, candidates[id].Scope)
		default:
			return signed, id, nil
		}
	}
	return nil, "", fmt.Errorf("%w: not by %s", ErrWrongSignature, strings.Join(slices.Sorted(maps.Keys(candidates)), ", "))
}

// peek reads what chooses a key out of a token that nothing has proved yet.
// The scope is compared only after it was.
func peek(token string) (keyID, scope string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", fmt.Errorf("%w: it is no JWT", ErrMalformed)
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	if err := decodePart(parts[0], &header); err != nil {
		return "", "", fmt.Errorf("%w: its header: %w", ErrMalformed, err)
	}
	var payload bundle.DecodedSignature
	if err := decodePart(parts[1], &payload); err != nil {
		return "", "", fmt.Errorf("%w: its payload: %w", ErrMalformed, err)
	}
	if header.KeyID == "" {
		header.KeyID = payload.KeyID
	}
	return header.KeyID, payload.Scope, nil
}

func decodePart(text string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// prove lets OPA verify the token. The algorithm is the key's, never one that
// the token asks for.
func prove(token, id, scope string, key PublicKey) (map[string]bundle.FileInfo, error) {
	if _, err := ParsePublicKey([]byte(key.PEM), key.Algorithm); err != nil {
		return nil, fmt.Errorf("verification key %q: %w", id, err)
	}
	algorithm := key.Algorithm
	if algorithm == "" {
		return nil, fmt.Errorf("verification key %q: %w: it has no algorithm", id, ErrKey)
	}
	keys := map[string]*bundle.KeyConfig{id: {Key: key.PEM, Algorithm: algorithm}}
	signed, err := bundle.VerifyBundleSignature(
		bundle.SignaturesConfig{Signatures: []string{token}},
		bundle.NewVerificationConfig(keys, id, scope, nil))
	if err != nil {
		return nil, fmt.Errorf("%w: by %q: %w", ErrWrongSignature, id, err)
	}
	return signed, nil
}

func covered(signed map[string]bundle.FileInfo, name string, content []byte) error {
	info, ok := signed[name]
	if !ok {
		return fmt.Errorf("%w: %s%s", ErrUncovered, name, hint(signed, name))
	}
	strong := []bundle.HashingAlgorithm{bundle.SHA256, bundle.SHA384, bundle.SHA512, bundle.SHA512256}
	if !slices.Contains(strong, bundle.HashingAlgorithm(info.Algorithm)) {
		return fmt.Errorf("%w: %s is hashed with %q; take SHA-256", ErrMalformed, name, info.Algorithm)
	}
	if err := bundle.VerifyBundleFile(name, *bytes.NewBuffer(content), map[string]bundle.FileInfo{name: info}); err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return nil
}

// hint explains the names that opa sign gives files of a folder.
func hint(signed map[string]bundle.FileInfo, name string) string {
	for other := range signed {
		if folder, found := strings.CutSuffix(other, "/"+name); found && path.Base(other) == path.Base(name) {
			return fmt.Sprintf(" (it names %s: sign inside of %s, as in opa sign --bundle .)", other, folder)
		}
	}
	return ""
}
