package front

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// authorityOf makes the certificate of a cluster's own authority, in base64. It
// is the same at every replay; nothing is ever signed with its key.
func authorityOf(m moment, name string) (string, error) {
	var seed []byte
	for len(seed) < ed25519.SeedSize {
		seed = binary.BigEndian.AppendUint64(seed, m.random.Uint64())
	}
	key := ed25519.NewKeyFromSeed(seed)
	made, err := x509.CreateCertificate(nil, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, NotBefore: m.at, NotAfter: m.at.Add(10 * 365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "kubernetes"}}, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("make the authority of cluster %s: %w", name, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})
	return base64.StdEncoding.EncodeToString(text), nil
}
