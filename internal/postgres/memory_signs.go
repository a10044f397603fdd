package postgres

import "math/rand/v2"

const (
	// signsBlock is the least power of two that has room for a vector.
	signsBlock = 512
	// signBits is how many signs a vector has in the index.
	signBits = 2 * signsBlock
)

// signsOf are the sides on which a vector is of signBits planes, as pgvector reads
// bits: two vectors are on different sides of about as large a share of them as the
// angle between the two is of a half turn (Charikar, "Similarity estimation techniques
// from rounding algorithms", 2002). The planes are a random change of signs and a
// Hadamard transform, which takes n log n steps (Ailon and Chazelle, 2006).
func signsOf(v []float32) string {
	draw := rand.New(rand.NewPCG(384, signBits)) //nolint:gosec // the same planes always
	b := make([]byte, 0, signBits)
	for range signBits / signsBlock {
		var x [signsBlock]float32
		copy(x[:], v)
		for i := range x {
			if draw.Uint64()&1 == 0 {
				x[i] = -x[i]
			}
		}
		hadamard(&x)
		for _, y := range x {
			if y > 0 {
				b = append(b, '1')
			} else {
				b = append(b, '0')
			}
		}
	}
	return string(b)
}

// hadamard is the Walsh-Hadamard transform, in place.
func hadamard(x *[signsBlock]float32) {
	for h := 1; h < signsBlock; h *= 2 {
		for i := 0; i < signsBlock; i += 2 * h {
			for j := i; j < i+h; j++ {
				x[j], x[j+h] = x[j]+x[j+h], x[j]-x[j+h]
			}
		}
	}
}
