// Package decisionlog streams policy decisions to an HTTP sink in the upload
// format of OPA's decision log: gzipped JSON arrays of events, by POST.
package decisionlog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// event is a decision as OPA uploads it; see "Decision Logs" in OPA's manual.
// What OPA has no field for is in custom.
type event struct {
	Labels     map[string]string `json:"labels"`
	DecisionID string            `json:"decision_id"`
	Bundles    map[string]bundle `json:"bundles"`
	Path       string            `json:"path"`
	Input      json.RawMessage   `json:"input,omitempty"`
	Result     aegis.GateResult  `json:"result"`
	Erased     []string          `json:"erased,omitempty"`
	Masked     []string          `json:"masked,omitempty"`
	Timestamp  time.Time         `json:"timestamp"`
	Metrics    map[string]int64  `json:"metrics,omitempty"`
	Custom     custom            `json:"custom"`
}

type bundle struct {
	Revision string `json:"revision"`
}

type custom struct {
	ChangeSetID string                `json:"change_set_id"`
	StackIDs    []string              `json:"stack_ids"`
	Outcome     aegis.DecisionOutcome `json:"outcome"`
	InputDigest string                `json:"input_digest"`
	Shadow      bool                  `json:"shadow"`
}

func newEvent(d aegis.Decision, labels map[string]string) event {
	e := event{
		Labels: labels, DecisionID: d.DecisionID, Bundles: map[string]bundle{"aegis": {d.BundleRevision}}, Path: d.Path,
		Input: d.Input, Result: d.Result, Erased: d.Erased, Masked: d.Masked, Timestamp: d.DecidedAt.UTC(), Metrics: d.Metrics,
		Custom: custom{
			ChangeSetID: d.ChangeSetID, StackIDs: d.StackIDs, Outcome: d.Outcome, InputDigest: d.InputDigest, Shadow: d.Shadow,
		},
	}
	if string(e.Input) == "null" {
		e.Input = nil
	}
	return e
}

// withoutInput is the event as if policy had erased all of its input.
func (e event) withoutInput() event {
	e.Input, e.Erased = nil, append(slices.Clone(e.Erased), "/input")
	return e
}

// packed is the body of an upload.
func packed(events []event) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if err := json.NewEncoder(z).Encode(events); err != nil {
		return nil, fmt.Errorf("encode decisions: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress decisions: %w", err)
	}
	return out.Bytes(), nil
}
