package archive_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies/archive"
)

func sample() archive.Files {
	return archive.Files{
		".manifest":      []byte(`{"revision":"r1","roots":["acme"]}`),
		"acme/pace.rego": []byte("package acme\n\nmost := 10\n"),
		"data.json":      []byte(`{"acme": {"most": 10}}`),
		"README.md":      []byte("About it\n"),
	}
}

// pair makes a key of an algorithm.
func pair(t *testing.T, id, algorithm string) (archive.SigningKey, archive.PublicKey) {
	t.Helper()
	private, public := keyText(t, algorithm)
	signing, err := archive.ParseSigningKey(private, id, "")
	require.NoError(t, err)
	require.Equal(t, algorithm, signing.Algorithm())
	verifying, err := archive.ParsePublicKey(public, algorithm)
	require.NoError(t, err)
	return signing, verifying
}

func keyText(t *testing.T, algorithm string) (private, public []byte) {
	t.Helper()
	if algorithm != archive.RS256 {
		private, public, err := archive.GenerateKey(algorithm)
		require.NoError(t, err)
		return private, public
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)})
}

func TestSignedBundlesVerify(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{archive.RS256, archive.ES256, archive.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			signing, public := pair(t, "new", algorithm)
			_, old := pair(t, "old", archive.ES256)
			signed, err := archive.Sign(sample(), signing)
			require.NoError(t, err)
			id, err := archive.Verify(signed, archive.Keys{"old": old, "new": public})
			require.NoError(t, err)
			require.Equal(t, "new", id)

			// Signing again replaces the signature.
			again, err := archive.Sign(signed, signing)
			require.NoError(t, err)
			require.Equal(t, signed.Names(), again.Names())

			// Without a key id every key is tried.
			signing.ID = ""
			signed, err = archive.Sign(sample(), signing)
			require.NoError(t, err)
			id, err = archive.Verify(signed, archive.Keys{"old": old, "new": public})
			require.NoError(t, err)
			require.Equal(t, "new", id)
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	signing, public := pair(t, "k", archive.ES256)
	_, another := pair(t, "k", archive.ES256)
	signed, err := archive.Sign(sample(), signing)
	require.NoError(t, err)
	signing.Scope = "read"
	scoped, err := archive.Sign(sample(), signing)
	require.NoError(t, err)
	keys := archive.Keys{"k": public}
	scopedKey := public
	scopedKey.Scope = "write"

	for name, c := range map[string]struct {
		files archive.Files
		keys  archive.Keys
		want  error
		says  string
	}{
		"no signature":          {sample(), keys, archive.ErrUnsigned, "not signed"},
		"an unknown key id":     {signed, archive.Keys{"other": public}, archive.ErrUnknownKey, `"k"; known are: other`},
		"no key at all":         {unnamed(t, signed), nil, archive.ErrUnknownKey, "no key is configured"},
		"another's signature":   {signed, archive.Keys{"k": another}, archive.ErrWrongSignature, "not by k"},
		"a scope not asked for": {scoped, keys, archive.ErrScope, `"read", where key "k" has ""`},
		"a scope missing":       {signed, archive.Keys{"k": scopedKey}, archive.ErrScope, `"", where key "k" has "write"`},
		"an added file":         {with(signed, "acme/evil.rego", "package acme"), keys, archive.ErrUncovered, "acme/evil.rego"},
		"a changed module":      {with(signed, "acme/pace.rego", "package acme\n\nmost := 11\n"), keys, archive.ErrChanged, "acme/pace.rego"},
		"changed data":          {with(signed, "data.json", `{"acme": {"most": 11}}`), keys, archive.ErrChanged, "data.json"},
		"data that is none":     {with(signed, "data.json", "{"), keys, archive.ErrChanged, ""},
		"a changed manifest":    {with(signed, ".manifest", `{"revision":"r2","roots":["acme"]}`), keys, archive.ErrChanged, ".manifest"},
		"a removed file":        {without(signed, "README.md"), keys, archive.ErrMissing, "README.md"},
		"an unusable key":       {signed, archive.Keys{"k": {PEM: "x", Algorithm: archive.ES256}}, archive.ErrKey, `"k"`},
		"another algorithm":     {signed, archive.Keys{"k": {PEM: public.PEM, Algorithm: "HS256"}}, archive.ErrKey, "it is for ES256, not HS256"},
		"a key without one":     {signed, archive.Keys{"k": {PEM: public.PEM}}, archive.ErrKey, "no algorithm"},
		"no JSON":               {with(signed, ".signatures.json", "x"), keys, archive.ErrMalformed, ".signatures.json"},
		"no JWT":                {with(signed, ".signatures.json", `{"signatures":["x"]}`), keys, archive.ErrMalformed, "no JWT"},
		"two JWTs":              {with(signed, ".signatures.json", `{"signatures":["x","y"]}`), keys, archive.ErrMalformed, "2 signatures"},
		"a JWT of nonsense":     {with(signed, ".signatures.json", `{"signatures":["e30.x.x"]}`), keys, archive.ErrMalformed, "payload"},
		"a large JWT":           {with(signed, ".signatures.json", strings.Repeat(" ", 2<<20)), keys, archive.ErrMalformed, "the most is"},
		"no algorithm":          {with(signed, ".signatures.json", forged(t, "none", "k", signed)), keys, archive.ErrWrongSignature, ""},
		"the public key's HMAC": {with(signed, ".signatures.json", forged(t, "HS256", "k", signed)), keys, archive.ErrWrongSignature, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := archive.Verify(c.files, c.keys)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, id)
		})
	}
	_, err = archive.Verify(with(signed, "data.json", `{"acme":{"most":10}}`), keys)
	require.NoError(t, err, "white space is not signed")
}

func TestVerifyExplainsTheNamesOfOPASign(t *testing.T) {
	t.Parallel()
	signing, public := pair(t, "k", archive.EdDSA)
	prefixed := archive.Files{}
	for name, content := range sample() {
		prefixed["acme-bundle/"+name] = content
	}
	signed, err := archive.Sign(prefixed, signing)
	require.NoError(t, err)
	_, err = archive.Verify(with(sample(), ".signatures.json", string(signed[".signatures.json"])), archive.Keys{"k": public})
	require.ErrorIs(t, err, archive.ErrUncovered)
	require.ErrorContains(t, err, "sign inside of acme-bundle")
}

func with(f archive.Files, name, content string) archive.Files {
	changed := maps.Clone(f)
	changed[name] = []byte(content)
	return changed
}

func without(f archive.Files, name string) archive.Files {
	changed := maps.Clone(f)
	delete(changed, name)
	return changed
}

// unnamed drops the key id from the signature, which no longer is one.
func unnamed(t *testing.T, f archive.Files) archive.Files {
	t.Helper()
	return with(f, ".signatures.json", forged(t, "ES256", "", f))
}

// forged is a signatures file with the true payload under another header.
func forged(t *testing.T, algorithm, id string, f archive.Files) string {
	t.Helper()
	var c struct{ Signatures []string }
	require.NoError(t, json.Unmarshal(f[".signatures.json"], &c))
	parts := strings.Split(c.Signatures[0], ".")
	header := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"kid":%q}`, algorithm, id))
	if id == "" {
		parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"files":[]}`))
	}
	return fmt.Sprintf(`{"signatures":[%q]}`, header+"."+parts[1]+".c2ln")
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	private, public := keyText(t, archive.ES256)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(p384)
	require.NoError(t, err)
	large := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	damaged := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]})
	for name, c := range map[string]struct {
		text      []byte
		algorithm string
		says      string
	}{
		"no PEM":            {[]byte("secret words"), "", "no PEM"},
		"a public key":      {public, "", `its PEM type is "PUBLIC KEY"`},
		"another algorithm": {private, archive.RS256, "it is for ES256, not RS256"},
		"another curve":     {large, "", "P-384"},
		"a damaged key":     {damaged, "", "no private key of the type"},
		"an encrypted key":  {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY"}), "", "decrypt it first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := archive.ParseSigningKey(c.text, "k", c.algorithm)
			require.ErrorIs(t, err, archive.ErrKey)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "secret words")
		})
	}
	_, err = archive.ParsePublicKey(private, "")
	require.ErrorIs(t, err, archive.ErrKey)
	require.ErrorContains(t, err, "verifying takes the public one")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err == nil {
		_, err = archive.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&weak.PublicKey)}), "")
		require.ErrorContains(t, err, "1024 bits")
	}
	_, _, err = archive.GenerateKey("HS256")
	require.ErrorIs(t, err, archive.ErrKey)
	_, err = archive.Sign(sample(), archive.SigningKey{ID: "k"})
	require.ErrorIs(t, err, archive.ErrKey)
}

func TestSigningKeysDoNotShow(t *testing.T) {
	t.Parallel()
	signing, _ := pair(t, "k", archive.EdDSA)
	for _, shown := range []string{fmt.Sprint(signing), fmt.Sprintf("%+v", signing), fmt.Sprintf("%#v", signing)} {
		require.Equal(t, "signing key k EdDSA", shown)
	}
}
