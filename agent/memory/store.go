package memory

import (
	"context"
	"time"

	"github.com/aegisworld/aegis"
)

// Entry is a memory with the vector of its text.
type Entry struct {
	Memory aegis.Memory
	Vector []float32
	// Embedder names what made the vector: those of different ones can't be
	// compared.
	Embedder string
}

// Filter says which memories a reader may see. Nothing beside them is ever
// answered.
type Filter struct {
	AgentID string
	// Shared are agents whose semantic memories without scope are seen too.
	Shared []string
	// Kinds are those wanted; none is all.
	Kinds []aegis.MemoryKind
	// Scopes are those wanted, "" for cross-goal; nil is all.
	Scopes []string
	// AsOf hides what was made later or had expired by then.
	AsOf time.Time
}

// Probe is what a search looks for.
type Probe struct {
	// Vector has length 1; nil looks for words alone.
	Vector   []float32
	Embedder string
	Text     string
	// Window bounds each list that is found.
	Window int
}

// Hit is a memory that a search found, as far as it is needed to rank it.
type Hit struct {
	MemoryID  string
	Outcome   aegis.MemoryOutcome
	CreatedAt time.Time
	// Similarity is the dot product with the probe's vector, or how well words
	// match; lists are in its order.
	Similarity float64
}

// Found are the lists of a search, each best first. Of what fits equally well that
// with the greatest id comes first: ids sort by age.
type Found struct {
	Nearest  []Hit
	Matching []Hit
}

// Compaction says what of the store is to be forgotten or summed up.
type Compaction struct {
	// Now is when memories expire.
	Now time.Time
	// PerGoal bounds the episodic memories of an agent and goal, PerAgent the
	// memories of an agent.
	PerGoal, PerAgent int
	// Merge makes one memory of several, which are given oldest first.
	Merge func(context.Context, []aegis.Memory) (Entry, error)
	// Embedder names the vectors that are wanted: some memories that have others get
	// them of Embed, the newest first. "" leaves vectors as they are.
	Embedder string
	// Embed makes the vectors of texts; nil is one that can't be made now.
	Embed func(ctx context.Context, texts []string) [][]float32
}

// Compacted counts what a compaction did.
type Compacted struct {
	// Expired and Dropped were removed: too old, too many.
	Expired, Dropped int
	// Merged became part of Summaries.
	Merged, Summaries int
	// Embedded got the vectors that are wanted.
	Embedded int
}

// Store keeps memories. internal/postgres implements it.
type Store interface {
	// SaveMemory keeps an entry, unless its id is known.
	SaveMemory(ctx context.Context, e Entry) error
	// ListMemories lists the newest first, and the cursor of the next page.
	ListMemories(ctx context.Context, f Filter, page aegis.Page) ([]aegis.Memory, string, error)
	// FindMemories finds by vector and by words.
	FindMemories(ctx context.Context, f Filter, p Probe) (Found, error)
	// ReadMemories reads those of the ids that the filter lets through, in any
	// order.
	ReadMemories(ctx context.Context, f Filter, ids []string) ([]aegis.Memory, error)
	// CompactMemories may be called by several processes at once.
	CompactMemories(ctx context.Context, c Compaction) (Compacted, error)
}
