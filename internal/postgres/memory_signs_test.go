package postgres

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSignsTellAngles has pairs of vectors at known angles differ in that share of
// their signs.
func TestSignsTellAngles(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	for _, degrees := range []float64{0, 10, 30, 60, 90, 180} {
		differ := 0.0
		const pairs = 50
		for range pairs {
			a, across := sparse(draw), sparse(draw)
			for i := range across { // across a, of its length
				if a[i] != 0 {
					across[i] = 0
				}
			}
			la, lc := length(a), length(across)
			b := make([]float32, indexDimensions)
			for i := range b {
				b[i] = float32(math.Cos(degrees*math.Pi/180)*float64(a[i])/la + math.Sin(degrees*math.Pi/180)*float64(across[i])/lc)
			}
			x, y := signsOf(a), signsOf(b)
			require.Len(t, x, signBits)
			require.Empty(t, strings.Trim(x, "01"))
			for k := range x {
				if x[k] != y[k] {
					differ++
				}
			}
		}
		share := differ / pairs / signBits
		require.InDelta(t, degrees/180, share, 0.06, "%f degrees", degrees)
	}
}

// sparse has a few dozen numbers, as a short text's vector.
func sparse(draw *rand.Rand) []float32 {
	v := make([]float32, indexDimensions)
	for range 40 {
		v[draw.IntN(indexDimensions)] += float32(draw.NormFloat64())
	}
	return v
}

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
