package engine

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/aegisworld/aegis"
)

// digest is the SHA-256 in hex of the canonical JSON of the changes, in order
// of address, followed by an HMAC of the spec. Secrets are masked in changes;
// as programs are fixed, every secret that an apply could write comes from the
// spec or is drawn by the program, so the HMAC binds the digest to all values
// that somebody chose without showing them. What else holds secrets goes into
// the HMAC too.
func digest(changes []aegis.ResourceChange, spec aegis.Spec, key []byte, secret ...any) string {
	sorted := slices.Clone(changes)
	sortChanges(sorted)
	h := sha256.New()
	enc := json.NewEncoder(h) // sorts the keys of maps
	for _, c := range sorted {
		_ = enc.Encode(canonicalChange(c)) //nolint:errchkjson // JSON values
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(canonicalSpec(spec))
	for _, v := range secret {
		_ = json.NewEncoder(mac).Encode(v) //nolint:errchkjson // JSON values
	}
	_, _ = h.Write(mac.Sum(nil))
	return hex.EncodeToString(h.Sum(nil))
}

// canonicalChange has its lists of paths sorted and no nil where an empty list
// means the same.
func canonicalChange(c aegis.ResourceChange) aegis.ResourceChange {
	c.Unknown = slices.Sorted(slices.Values(c.Unknown))
	c.Sensitive = slices.Sorted(slices.Values(c.Sensitive))
	return c
}

// canonicalSpec is the spec's JSON with the parameters' keys sorted.
func canonicalSpec(s aegis.Spec) []byte {
	dec := json.NewDecoder(bytes.NewReader(s.Parameters))
	dec.UseNumber()
	var parameters any
	if err := dec.Decode(&parameters); err == nil {
		s.Parameters, _ = json.Marshal(parameters) //nolint:errchkjson // just decoded
	}
	b, err := json.Marshal(s)
	if err != nil { // parameters that are no JSON
		return s.Parameters
	}
	return b
}

func sortChanges(cs []aegis.ResourceChange) {
	slices.SortFunc(cs, func(a, b aegis.ResourceChange) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Action, b.Action))
	})
}
