package postgres

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"math"

	"github.com/aegisworld/aegis/agent/memory"
)

// scanMemories is the exact search: it reads the vectors that the filter lets
// through, row by row, and keeps the window's nearest.
func (db *DB) scanMemories(ctx context.Context, f memory.Filter, p memory.Probe) ([]memory.Hit, error) {
	a := &arguments{}
	rows, err := db.pool.Query(ctx, `
		SELECT memory_id, vector FROM memory_vectors
		WHERE `+memoryWhere(f, a)+` AND embedder = `+a.add(p.Embedder), a.values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	best := nearest{}
	for rows.Next() {
		raw := rows.RawValues() // text and bytea are what they are
		best.offer(p.Window, dotBytes(p.Vector, raw[1]), raw[0])
	}
	ids := make([]string, len(best))
	for i, n := range best {
		ids[i] = n.id
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err = db.pool.Query(ctx, `SELECT memory_id, outcome, created_at, vector FROM memory_vectors WHERE memory_id = ANY ($1)`, ids)
	if err != nil {
		return nil, err
	}
	return collectHits(rows, p.Vector)
}

// neighbour is a memory that is near.
type neighbour struct {
	similarity float32
	id         string
}

// nearest is a heap, the worst on top.
type nearest []neighbour

func (n nearest) Len() int { return len(n) }
func (n nearest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(n[i].similarity, n[j].similarity), cmp.Compare(n[i].id, n[j].id)) < 0
}
func (n nearest) Swap(i, j int) { n[i], n[j] = n[j], n[i] }

// Push is heap's.
func (n *nearest) Push(x any) {
	if x, ok := x.(neighbour); ok {
		*n = append(*n, x)
	}
}

// Pop is heap's.
func (n *nearest) Pop() any {
	last := len(*n) - 1
	x := (*n)[last]
	*n = (*n)[:last]
	return x
}

// offer keeps a memory when it is among the best so many.
func (n *nearest) offer(most int, similarity float32, id []byte) {
	if len(*n) < most {
		heap.Push(n, neighbour{similarity, string(id)})
		return
	}
	if most == 0 {
		return
	}
	if worst := (*n)[0]; similarity < worst.similarity || similarity == worst.similarity && string(id) < worst.id {
		return
	}
	(*n)[0] = neighbour{similarity, string(id)}
	heap.Fix(n, 0)
}

// vectorBytes is how vectors are kept.
func vectorBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func bytesVector(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// dotBytes is the dot product with a kept vector, and 0 with one of another length.
// Four sums at once keep the processor busy.
func dotBytes(v []float32, b []byte) float32 {
	if len(b) != 4*len(v) {
		return 0
	}
	var s0, s1, s2, s3 float32
	for len(v) >= 4 && len(b) >= 16 {
		s0 += v[0] * math.Float32frombits(binary.LittleEndian.Uint32(b))
		s1 += v[1] * math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))
		s2 += v[2] * math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))
		s3 += v[3] * math.Float32frombits(binary.LittleEndian.Uint32(b[12:]))
		v, b = v[4:], b[16:]
	}
	for i, x := range v {
		s0 += x * math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return s0 + s1 + s2 + s3
}
