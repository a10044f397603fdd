package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// maxOrigins bounds the origins that a summary names.
	maxOrigins = 200
	// lineOf bounds what a summary says of one memory, in bytes; keptOf what it
	// keeps of an older summary.
	lineOf, keptOf = 160, 2 << 10
)

// Compact forgets what has expired, sums up episodic memories of a goal beyond
// Config.PerGoal, the oldest of them, forgets what an agent has beyond
// Config.PerAgent, and embeds some of those anew whose vectors another embedder made:
// one that was configured before, or Hashed where the embedder failed.
func (s *Service) Compact(ctx context.Context) (Compacted, error) {
	c := Compaction{Now: s.Now().UTC(), PerGoal: s.PerGoal, PerAgent: s.PerAgent, Merge: s.merge}
	if s.ready(ctx) {
		again := s.newAnew()
		c.Embedder = s.Embedder.Name()
		c.Embed = func(ctx context.Context, texts []string) [][]float32 { return again.embed(ctx, scrubbed(texts)) }
	}
	return s.Store.CompactMemories(ctx, c)
}

// scrubbed scrubs texts that an older version may have written, which knew fewer
// secrets: an embedder may be elsewhere.
func scrubbed(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = Scrub(text)
	}
	return out
}

// merge sums memories of one agent and goal up, given oldest first.
func (s *Service) merge(ctx context.Context, memories []aegis.Memory) (Entry, error) {
	if len(memories) == 0 {
		return Entry{}, errors.New("merge no memories")
	}
	newest := memories[len(memories)-1]
	m := aegis.Memory{
		MemoryID: aegis.NewID(aegis.MemoryPrefix, s.Now()), AgentID: newest.AgentID, Kind: newest.Kind, Scope: newest.Scope,
		Text: Scrub(summary(memories)), Provenance: mergedProvenance(memories), Outcome: mergedOutcome(memories),
		CreatedAt: newest.CreatedAt, ExpiresAt: lastExpiry(memories),
	}
	return s.entry(ctx, m)
}

// summary has a line on all of them, and then one for each, the newest first.
func summary(memories []aegis.Memory) string {
	count, succeeded, failed := 0, 0, 0
	var lines []string
	for _, m := range slices.Backward(memories) {
		if m.Provenance.Source == aegis.MemoryFromMemories {
			count += m.Provenance.Merged
			lines = append(lines, cutBytes(m.Text, keptOf))
			continue
		}
		count++
		switch m.Outcome {
		case aegis.MemorySucceeded:
			succeeded++
		case aegis.MemoryFailed:
			failed++
		}
		text := strings.Join(strings.Fields(m.Text), " ")
		lines = append(lines, strings.TrimSpace(string(m.Outcome)+": "+cutBytes(text, lineOf)))
	}
	head := fmt.Sprintf("Summary of %d memories from %s to %s; of the latest %d succeeded and %d failed.", count,
		memories[0].CreatedAt.UTC().Format(time.DateOnly), memories[len(memories)-1].CreatedAt.UTC().Format(time.DateOnly), succeeded, failed)
	return head + "\n" + strings.Join(lines, "\n")
}

// mergedProvenance names what was merged, through older summaries.
func mergedProvenance(memories []aegis.Memory) aegis.MemoryProvenance {
	p := aegis.MemoryProvenance{Source: aegis.MemoryFromMemories}
	for _, m := range slices.Backward(memories) {
		p.GoalID = m.Scope
		if m.Provenance.Source == aegis.MemoryFromMemories {
			p.Merged += m.Provenance.Merged
			p.Origins = append(p.Origins, m.Provenance.Origins...)
			continue
		}
		p.Merged++
		p.Origins = append(p.Origins, aegis.MemoryOrigin{
			MemoryID: m.MemoryID, Source: m.Provenance.Source, ChangeSetID: m.Provenance.ChangeSetID, Tool: m.Provenance.Tool,
			Outcome: m.Outcome, CreatedAt: m.CreatedAt,
		})
	}
	p.Origins = p.Origins[:min(len(p.Origins), maxOrigins)]
	return p
}

// mergedOutcome is the one that all have, or "".
func mergedOutcome(memories []aegis.Memory) aegis.MemoryOutcome {
	for _, m := range memories {
		if m.Outcome != memories[0].Outcome {
			return ""
		}
	}
	return memories[0].Outcome
}

// lastExpiry is when the last of them would have expired; nil is never.
func lastExpiry(memories []aegis.Memory) *time.Time {
	last := memories[0].ExpiresAt
	for _, m := range memories[1:] {
		if last == nil || m.ExpiresAt == nil {
			return nil
		}
		if m.ExpiresAt.After(*last) {
			last = m.ExpiresAt
		}
	}
	return last
}
