package postgres

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/aegisworld/aegis"
)

const (
	pageDefault = 50
	pageMax     = 500
)

// cursor is the place of the last row of a page in a list ordered by time and
// id, both descending.
type cursor struct {
	at time.Time
	id string
}

// lastMicro is the end of year 9999.
const lastMicro = 253402300799999999

// String is the opaque form: base64url of eight bytes of Unix microseconds and
// the id.
func (c cursor) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.id...))
}

// parseCursor is the inverse of String. It returns an InvalidError for field
// cursor.
func parseCursor(s string) (cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) <= 8 {
		return cursor{}, badCursor()
	}
	micro, id := binary.BigEndian.Uint64(b), string(b[8:])
	if micro > lastMicro || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return cursor{}, badCursor()
	}
	return cursor{at: time.UnixMicro(int64(micro)), id: id}, nil
}

func badCursor() error {
	return aegis.Invalid("cursor", "give the next_cursor of the page before, unchanged")
}

// keyset is a Page as arguments of a query: rows before (at, id), limit of
// them and one more that tells whether there is a next page.
type keyset struct {
	at    pgtype.Timestamptz
	id    string
	limit int
}

func newKeyset(p aegis.Page) (keyset, error) {
	k := keyset{at: pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, limit: p.Limit}
	if k.limit == 0 {
		k.limit = pageDefault
	}
	if k.limit < 1 || k.limit > pageMax {
		return keyset{}, aegis.Invalid("limit", "give 1 to 500")
	}
	if p.Cursor == "" {
		return k, nil
	}
	c, err := parseCursor(p.Cursor)
	if err != nil {
		return keyset{}, err
	}
	k.at, k.id = pgtype.Timestamptz{Time: c.at, Valid: true}, c.id
	return k, nil
}

// cut takes the row too many off and returns the cursor of the next page, ""
// when there is none.
func cut[T any](rows []T, k keyset, place func(T) cursor) ([]T, string) {
	if len(rows) <= k.limit {
		return rows, ""
	}
	rows = rows[:k.limit]
	return rows, place(rows[k.limit-1]).String()
}
