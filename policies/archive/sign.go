package archive

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// claims are a signature's payload, in OPA's format.
type claims struct {
	Files []bundle.FileInfo `json:"files"`
	Scope string            `json:"scope,omitempty"`
	// KeyID repeats the header's, for older verifiers.
	KeyID string `json:"keyid,omitempty"`
}

// Sign adds .signatures.json, which covers every other file, in place of the
// one that was there.
func Sign(f Files, key SigningKey) (Files, error) {
	if key.signer == nil {
		return nil, fmt.Errorf("sign bundle: %w: there is none", ErrKey)
	}
	signed := maps.Clone(f)
	delete(signed, SignaturesName)
	hashes, err := hashed(signed)
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	token, err := key.sign(claims{Files: hashes, Scope: key.Scope, KeyID: key.ID})
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	raw, err := json.MarshalIndent(bundle.SignaturesConfig{Signatures: []string{token}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	signed[SignaturesName] = append(raw, '\n')
	return signed, nil
}

// hashed hashes the files as OPA does: documents by their content, so that white
// space does not count, and anything else byte by byte.
func hashed(f Files) ([]bundle.FileInfo, error) {
	hasher, err := bundle.NewSignatureHasher(bundle.SHA256)
	if err != nil {
		return nil, err
	}
	infos := make([]bundle.FileInfo, 0, len(f))
	for _, name := range f.Names() {
		var value any = f[name]
		if bundle.IsStructuredDoc(name) {
			if err := util.Unmarshal(f[name], &value); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
		}
		sum, err := hasher.HashFile(value)
		if err != nil {
			return nil, fmt.Errorf("hash %s: %w", name, err)
		}
		infos = append(infos, bundle.NewFile(name, hex.EncodeToString(sum), bundle.SHA256.String()))
	}
	return infos, nil
}

func (k SigningKey) sign(c claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	algorithm, known := jwa.LookupSignatureAlgorithm(k.algorithm)
	if !known {
		return "", fmt.Errorf("%w: unknown algorithm %q", ErrKey, k.algorithm)
	}
	header := jws.NewHeaders()
	if k.ID != "" {
		if err := header.Set(jws.KeyIDKey, k.ID); err != nil {
			return "", err
		}
	}
	token, err := jws.Sign(payload, jws.WithKey(algorithm, k.signer, jws.WithProtectedHeaders(header)))
	return string(token), err
}
