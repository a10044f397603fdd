package postgres

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// The encodings of a stored input. What was recorded before inputs were
// compressed has identity.
const (
	encodingIdentity = "identity"
	encodingGzip     = "gzip"
)

// noInput is what decisions record that have none; it is not stored.
const noInput = "null"

// addInput queues the storage of an input, unless it is there, and returns its
// digest. The statement locks the input's row even when it changes nothing, so
// that what removes old inputs at that moment leaves it.
func addInput(b *pgx.Batch, input json.RawMessage, at time.Time) (digest string) {
	if len(input) == 0 {
		input = json.RawMessage(noInput)
	}
	sum := sha256.Sum256(input)
	digest = hex.EncodeToString(sum[:])
	if string(input) == noInput {
		return digest
	}
	b.Queue(`
		INSERT INTO decision_inputs (digest, encoding, document, used_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (digest) DO UPDATE SET used_at = excluded.used_at WHERE decision_inputs.used_at < excluded.used_at`,
		digest, encodingGzip, compressed(input), at)
	return digest
}

func compressed(document []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // fails for a level that there is not
	_, _ = z.Write(document)                          // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// storedInput reads an input byte for byte; nil columns are no input. What can't
// be read is aegis.ErrBadRecord.
func storedInput(encoding *string, document []byte) (json.RawMessage, error) {
	switch {
	case encoding == nil:
		return json.RawMessage(noInput), nil
	case *encoding == encodingIdentity:
		return document, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("read a stored input: %w: %w", aegis.ErrBadRecord, err)
	}
	input, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("read a stored input: %w: %w", aegis.ErrBadRecord, err)
	}
	return input, nil
}
