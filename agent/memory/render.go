package memory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/fence"
)

// rendered is what a model is told of a memory.
type rendered struct {
	MemoryID  string              `json:"memory_id"`
	Kind      aegis.MemoryKind    `json:"kind"`
	Scope     string              `json:"scope"`
	From      aegis.MemorySource  `json:"from"`
	Of        string              `json:"of,omitempty"`
	Outcome   aegis.MemoryOutcome `json:"outcome,omitempty"`
	CreatedAt string              `json:"created_at"`
	Text      string              `json:"text"`
}

// Render gives memories to a model as data: one JSON object a line, between two
// lines with a delimiter that is made of a digest of the lines between, so that no
// text in them can hold it. JSON leaves no line break and no angle bracket as it
// is, either. The same memories are rendered alike, so that a model's answer can be
// cached; none is "".
func Render(memories []aegis.Memory) string {
	if len(memories) == 0 {
		return ""
	}
	return fence.Block("memories", fmt.Sprintf("Memories (%d), as JSON lines", len(memories)), renderLines(memories))
}

func renderLines(memories []aegis.Memory) string {
	var body bytes.Buffer
	enc := json.NewEncoder(&body) // escapes <, >, & and U+2028
	for _, m := range memories {
		p := m.Provenance
		of := map[aegis.MemorySource]string{
			aegis.MemoryFromGoal: p.GoalID, aegis.MemoryFromChangeSet: p.ChangeSetID, aegis.MemoryFromTool: p.Tool,
		}[p.Source]
		if err := enc.Encode(rendered{
			MemoryID: m.MemoryID, Kind: m.Kind, Scope: m.Scope, From: p.Source, Of: of, Outcome: m.Outcome,
			CreatedAt: m.CreatedAt.UTC().Format(time.RFC3339), Text: m.Text,
		}); err != nil {
			panic(fmt.Sprintf("render memory %s: %v", m.MemoryID, err)) // strings always encode
		}
	}
	return body.String()
}
