package aegis

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// Prefixes of identifiers, one per kind of object.
const (
	GoalPrefix        = "goal"
	ChangeSetPrefix   = "cs"
	DecisionPrefix    = "dec"
	TracePrefix       = "tr"
	TokenPrefix       = "tok"
	BreakerPrefix     = "brk"
	DriftReportPrefix = "drift"
	DriftRulePrefix   = "rule"
	SuggestionPrefix  = "sug"
	WebhookPrefix     = "wh"
	DeliveryPrefix    = "dlv"
	MemoryPrefix      = "mem"
	AgentPrefix       = "agent"
	IncidentPrefix    = "inc"
)

// NewID returns prefix, a hyphen and 26 lower-case characters: 48 bits of
// Unix milliseconds and 80 random bits in base32hex, so that identifiers of
// one kind sort by age.
func NewID(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails since Go 1.24
	return formatID(prefix, b)
}

// DerivedID is NewID with the random bits taken from seed, a digest: the same
// seed and time give the same identifier.
func DerivedID(prefix string, at time.Time, seed [32]byte) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	copy(b[6:], seed[:])
	return formatID(prefix, b)
}

func formatID(prefix string, b [16]byte) string {
	return prefix + "-" + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}
