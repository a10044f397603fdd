package searchindex

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// templateVersion rises when a mapping changes: documents of days to come get the
// new one, those of days gone keep theirs.
const templateVersion = 1

// The kinds of documents; each has an index a day.
const (
	kindEvent    = "events"
	kindTrace    = "traces"
	kindDecision = "decisions"
)

// ignoreAbove bounds the words that are indexed whole, in characters; what is
// longer is in the document, but not found by that field.
const ignoreAbove = 512

type properties map[string]map[string]any

func keyword() map[string]any { return map[string]any{"type": "keyword", "ignore_above": ignoreAbove} }

func field(kind string) map[string]any { return map[string]any{"type": kind} }

// mappings are the fields of each kind. Others are refused by the index, so that
// none gets a type by chance.
func mappings() map[string]properties {
	return map[string]properties{
		kindEvent: {
			"at": field("date"), "seq": field("long"), "kind": keyword(), "id": keyword(), "goal_id": keyword(), "type": keyword(),
			// data has other fields with each type of event: it is kept, and found by its words in text.
			"data": {"type": "object", "enabled": false}, "text": field("text"),
		},
		kindTrace: {
			"at": field("date"), "trace_id": keyword(), "goal_id": keyword(), "change_set_id": keyword(), "outcome": keyword(),
			"tool_calls": field("integer"), "model_calls": field("integer"), "latency_ms": field("long"), "token_cost": field("double"),
			"steps": {"type": "nested", "properties": properties{
				"name": keyword(), "stack_id": keyword(), "verdict": keyword(), "message": field("text"), "started_at": field("date"),
				"duration_ms": field("long"), "engine_ms": field("long"), "wait_ms": field("long"),
			}},
		},
		kindDecision: {
			"at": field("date"), "decision_id": keyword(), "change_set_id": keyword(), "stack_ids": keyword(), "bundle_revision": keyword(),
			"path": keyword(), "input_digest": keyword(), "outcome": keyword(), "allowed": field("boolean"), "denied_by": keyword(),
			"warned_by": keyword(), "latency_us": field("long"),
		},
	}
}

// templateBody is the body of PUT /_index_template/NAME.
func templateBody(pattern string, fields properties) (*bytes.Reader, error) {
	text, err := json.Marshal(map[string]any{
		"index_patterns": []string{pattern}, "priority": 200, "version": templateVersion,
		"_meta": map[string]any{"managed_by": "aegis"},
		"template": map[string]any{
			"settings": map[string]any{"index": map[string]any{"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
			"mappings": map[string]any{"dynamic": "strict", "properties": fields},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("encode the template of %s: %w", pattern, err)
	}
	return bytes.NewReader(text), nil
}
