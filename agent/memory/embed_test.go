package memory_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent/memory"
)

func embed(t *testing.T, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := memory.Hashed{}.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, vectors, len(texts))
	return vectors
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestHashedVectorsAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	sum := sha256.New()
	for _, v := range embed(t, "Scaled the runtime in eu-west-1 to 4 nodes.", "größere Knoten für die Kasse", "", "日本語 のメモ", strings.Repeat("node ", 900)) {
		for _, x := range v {
			require.NoError(t, binary.Write(sum, binary.LittleEndian, math.Float32bits(x)))
		}
	}
	require.Equal(t, "1018dffbba4127cb693cee13fec1f8ac2c360f5c220e5ab958dccdc1564dbd0d", hex.EncodeToString(sum.Sum(nil)),
		"vectors are stored: a scheme that makes others needs another name")
}

func TestHashedFindsWhatIsAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ query, near, far string }{
		{"how were the runtime nodes scaled", "Scaled the runtime in eu-west-1 from 3 to 5 nodes", "Kept logs of the data layer for 90 days"},
		{"log retention", "Retention of logs was set to 90 days", "An ingress rule for port 443 was opened"},
		{"kubernetes upgrade", "The upgrade of Kubernetes to 1.33 failed in us-east-1", "A bucket got a lifecycle of 30 days"},
	} {
		v := embed(t, c.query, c.near, c.far)
		require.Greater(t, dot(v[0], v[1]), dot(v[0], v[2])+0.1, c.query)
	}
}

func TestHashedVectorsHaveLengthOneOrNone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		vectors, err := memory.Hashed{}.Embed(context.Background(), []string{text, text})
		require.NoError(t, err)
		require.Equal(t, vectors[0], vectors[1])
		require.Len(t, vectors[0], memory.Hashed{}.Dimensions())
		if length := dot(vectors[0], vectors[0]); length != 0 {
			require.InDelta(t, 1, length, 1e-5)
		}
	})
	require.Zero(t, dot(embed(t, "?!")[0], embed(t, "?!")[0]), "nothing to say")
}

func TestHashedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := memory.Hashed{}.Embed(ctx, []string{"x"})
	require.ErrorIs(t, err, context.Canceled)
}
