package apitest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// PutMemory stores a memory.
func (s *Store) PutMemory(m aegis.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memories = append(s.memories, m)
}

// ListMemories lists those that match and hold the text, which scores 0.5.
func (s *Store) ListMemories(_ context.Context, f aegis.MemoryFilter, p aegis.Page) ([]aegis.Memory, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	matching := slices.DeleteFunc(slices.Clone(s.memories), func(m aegis.Memory) bool {
		return m.AgentID != f.AgentID || m.Kind != cmp.Or(f.Kind, m.Kind) || m.Scope != cmp.Or(f.Scope, m.Scope) || !strings.Contains(m.Text, f.Text)
	})
	if f.Text != "" {
		for i := range matching {
			matching[i].Score = 0.5
		}
	}
	return page(matching, p)
}
