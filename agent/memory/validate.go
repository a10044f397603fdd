package memory

import (
	"fmt"
	"regexp"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// maxID is the length of the longest id, in bytes.
	maxID = 128
	// maxShared bounds the agents whose memories a query sees.
	maxShared = 100
)

var (
	ids       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	toolNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$`)
)

func validID(s string) bool { return ids.MatchString(s) }

// faults collects what is wrong with an input.
type faults []aegis.FieldFault

func (f *faults) unless(ok bool, field, remedy string) {
	if !ok {
		*f = append(*f, aegis.FieldFault{Field: field, Message: remedy})
	}
}

func (f *faults) id(field, value string, required bool) {
	f.unless(validID(value) || value == "" && !required, field, "give an id of 1 to 128 letters, digits, dots, hyphens and underscores")
}

func (f *faults) kind(field string, kind aegis.MemoryKind) {
	f.unless(kind == aegis.MemoryEpisodic || kind == aegis.MemorySession || kind == aegis.MemorySemantic, field, "give episodic, session or semantic")
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &aegis.InvalidError{Faults: *f}
}

func validate(m aegis.Memory, now time.Time) error {
	var f faults
	f.id("memory_id", m.MemoryID, true)
	f.id("agent_id", m.AgentID, true)
	f.kind("kind", m.Kind)
	f.id("scope", m.Scope, m.Kind == aegis.MemorySession)
	f.unless(m.Kind != aegis.MemorySemantic || m.Scope == "", "scope", "leave it out: a semantic memory belongs to no goal")
	f.unless(m.Text != "", "text", "give a text of which something is left without secrets and control characters")
	f.unless(m.Outcome == "" || m.Outcome == aegis.MemorySucceeded || m.Outcome == aegis.MemoryFailed, "outcome", "give succeeded or failed, or leave it out")
	f.unless(m.ExpiresAt == nil || m.ExpiresAt.After(now), "expires_at", "give a time to come, or leave it out")
	f.provenance(m.Provenance)
	return f.err()
}

func (f *faults) provenance(p aegis.MemoryProvenance) {
	f.id("provenance.goal_id", p.GoalID, p.Source == aegis.MemoryFromGoal)
	f.id("provenance.change_set_id", p.ChangeSetID, p.Source == aegis.MemoryFromChangeSet)
	f.unless(toolNames.MatchString(p.Tool) || p.Tool == "" && p.Source != aegis.MemoryFromTool, "provenance.tool", "give a tool's name")
	switch p.Source {
	case aegis.MemoryFromGoal, aegis.MemoryFromChangeSet, aegis.MemoryFromTool:
		f.unless(p.Merged == 0 && len(p.Origins) == 0, "provenance.origins", "leave it out: summaries alone have origins")
	case aegis.MemoryFromMemories:
		f.unless(p.Merged > 0 && len(p.Origins) > 0 && len(p.Origins) <= maxOrigins, "provenance.origins", "name 1 to 200 memories")
	default:
		f.unless(false, "provenance.source", "give goal, change_set, tool or summary")
	}
}

func validateQuery(f Filter, page aegis.Page, asked bool, text string) error {
	var v faults
	v.id("agent_id", f.AgentID, true)
	for _, id := range f.Shared {
		v.id("shared", id, true)
	}
	v.unless(len(f.Shared) <= maxShared, "shared", fmt.Sprintf("name at most %d agents", maxShared))
	for _, kind := range f.Kinds {
		v.kind("kind", kind)
	}
	for _, scope := range f.Scopes {
		v.id("scope", scope, false)
	}
	v.unless(!asked || text != "", "q", "give words to search for")
	v.unless(page.Limit >= 1 && page.Limit <= pageMax, "limit", "give 1 to 500")
	return v.err()
}
