package memory

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"time"

	"github.com/aegisworld/aegis"
)

// place is where a page of a search ended: after the memory with this score, id
// and time, of what could be seen at AsOf.
type place struct {
	// query is a digest of what was asked, so that a cursor goes with no other.
	query [8]byte
	asOf  time.Time
	last  scored
}

const placeHead = 8 + 8 + 8 + 8

// clockSkew is how far the clocks of two processes may be apart.
const clockSkew = time.Minute

func (p place) String() string {
	b := append([]byte{}, p.query[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.asOf.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(p.last.score))
	b = binary.BigEndian.AppendUint64(b, uint64(p.last.CreatedAt.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, p.last.MemoryID...))
}

// parsePlace is the inverse of String for the query. It returns an InvalidError
// for field cursor.
func parsePlace(s string, query [8]byte, now time.Time) (place, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) <= placeHead || len(b) > placeHead+maxID || [8]byte(b[:8]) != query {
		return place{}, badCursor()
	}
	p := place{query: query, asOf: unixMicro(b[8:])}
	p.last.score = math.Float64frombits(binary.BigEndian.Uint64(b[16:]))
	p.last.CreatedAt, p.last.MemoryID = unixMicro(b[24:]), string(b[placeHead:])
	if math.IsNaN(p.last.score) || p.asOf.After(now.Add(clockSkew)) || p.asOf.Unix() < 0 || !validID(p.last.MemoryID) {
		return place{}, badCursor()
	}
	return p, nil
}

func unixMicro(b []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC() //nolint:gosec // any number is a time
}

func badCursor() error {
	return aegis.Invalid("cursor", "give the next_cursor of the page before, unchanged")
}

// digest is of a filter without its time, and a text.
func digest(f Filter, text string) [8]byte {
	f.AsOf = time.Time{}
	b, _ := json.Marshal(struct { //nolint:errchkjson // plain values
		Filter Filter
		Text   string
	}{f, text})
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}
