package archive

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Algorithms of signatures, as in a JWT's header.
const (
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// ErrKey says that a key can't be used: it is no PEM, of another algorithm, or
// too short.
var ErrKey = errors.New("unusable key")

// minRSABits is what is taken for safe today.
const minRSABits = 2048

// PublicKey verifies signatures.
type PublicKey struct {
	// PEM is a PKIX public key, a PKCS #1 RSA public key or a certificate.
	PEM string
	// Algorithm is RS256, ES256 or EdDSA.
	Algorithm string
	// Scope, which signatures by the key must claim; most have none.
	Scope string
}

// Keys are the keys whose signatures count, by key id. While keys rotate there
// are the old one and the new one.
type Keys map[string]PublicKey

// SigningKey signs bundles. Printed, it does not show the key.
type SigningKey struct {
	// ID tells verifiers which of their keys it is; "" leaves them to try all.
	ID string
	// Scope is claimed when it is not "".
	Scope string

	algorithm string
	signer    crypto.Signer
}

// String says which key it is.
func (k SigningKey) String() string { return "signing key " + k.ID + " " + k.algorithm }

// GoString is String, for %#v.
func (k SigningKey) GoString() string { return k.String() }

// Algorithm is RS256, ES256 or EdDSA.
func (k SigningKey) Algorithm() string { return k.algorithm }

// ParsePublicKey reads a PEM. An empty algorithm is that of the kind of key.
// Faults match ErrKey.
func ParsePublicKey(text []byte, algorithm string) (PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return PublicKey{}, fmt.Errorf("%w: it is no PEM text", ErrKey)
	}
	key, err := parsePublic(block)
	if err != nil {
		return PublicKey{}, err
	}
	algorithm, err = agreed(key, algorithm)
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{PEM: string(pem.EncodeToMemory(block)), Algorithm: algorithm}, nil
}

func parsePublic(block *pem.Block) (key any, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	default:
		if strings.Contains(block.Type, "PRIVATE") {
			return nil, fmt.Errorf("%w: it is a private key; verifying takes the public one", ErrKey)
		}
		return nil, fmt.Errorf("%w: its PEM type is %q, not PUBLIC KEY", ErrKey, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return key, nil
}

// ParseSigningKey reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1). An
// empty algorithm is that of the kind of key. Faults match ErrKey and do not
// quote the key.
func ParseSigningKey(text []byte, id, algorithm string) (SigningKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return SigningKey{}, fmt.Errorf("%w: it is no PEM text", ErrKey)
	}
	signer, err := parsePrivate(block)
	if err != nil {
		return SigningKey{}, err
	}
	algorithm, err = agreed(signer.Public(), algorithm)
	if err != nil {
		return SigningKey{}, err
	}
	return SigningKey{ID: id, algorithm: algorithm, signer: signer}, nil
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, fmt.Errorf("%w: it is encrypted; decrypt it first", ErrKey)
	default:
		return nil, fmt.Errorf("%w: its PEM type is %q, not PRIVATE KEY", ErrKey, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: it is no private key of the type that its PEM says", ErrKey)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: it is a %T, which does not sign", ErrKey, key)
	}
	return signer, nil
}

// agreed is the algorithm of a public key, which must be the wanted one when
// that is not "".
func agreed(key any, wanted string) (string, error) {
	var algorithm string
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits {
			return "", fmt.Errorf("%w: RSA of %d bits; the least is %d", ErrKey, bits, minRSABits)
		}
		algorithm = RS256
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return "", fmt.Errorf("%w: ECDSA on %s; ES256 takes P-256", ErrKey, k.Params().Name)
		}
		algorithm = ES256
	case ed25519.PublicKey:
		algorithm = EdDSA
	default:
		return "", fmt.Errorf("%w: it is a %T; take RSA, ECDSA on P-256 or Ed25519", ErrKey, key)
	}
	if wanted != "" && wanted != algorithm {
		return "", fmt.Errorf("%w: it is for %s, not %s", ErrKey, algorithm, wanted)
	}
	return algorithm, nil
}

// newRSABits is the size of new RSA keys.
const newRSABits = 3072

// GenerateKey makes a new key pair in PEM, PKCS #8 and PKIX, for RS256, ES256
// or EdDSA.
func GenerateKey(algorithm string) (private, public []byte, err error) {
	var signer crypto.Signer
	switch algorithm {
	case RS256:
		signer, err = rsa.GenerateKey(rand.Reader, newRSABits)
	case ES256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, nil, fmt.Errorf("%w: keys are made for RS256, ES256 and EdDSA, not %q", ErrKey, algorithm)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	open, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	return private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}), nil
}
