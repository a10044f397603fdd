package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Fault runs `aegis sandbox fault` with the arguments on the data folder.
func (p *Process) Fault(ctx context.Context, args ...string) error {
	args = append([]string{"sandbox", "fault"}, args...)
	args = append(args, "--data-dir", p.options.DataDir)
	out, err := exec.CommandContext(ctx, p.options.Executable, args...).CombinedOutput() //nolint:gosec // our own binary
	if err != nil {
		return fmt.Errorf("aegis %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Call is what a test wants to know of one CloudTrail record.
type Call struct {
	EventName    string `json:"eventName"`
	AWSRegion    string `json:"awsRegion"`
	ErrorCode    string `json:"errorCode"`
	UserIdentity struct {
		ARN string `json:"arn"`
	} `json:"userIdentity"`
	RequestParameters json.RawMessage `json:"requestParameters"`
}

// Calls returns the records of mutating calls with that name whose parameters
// mention text, oldest first.
func (p *Process) Calls(action, text string) ([]Call, error) {
	file, err := os.Open(filepath.Join(p.options.DataDir, "sandbox", "cloudtrail.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("open CloudTrail records: %w", err)
	}
	defer func() { _ = file.Close() }()
	var calls []Call
	in := bufio.NewScanner(file)
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		var r struct{ Event Call }
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			continue // the last line may be half written
		}
		if r.Event.EventName == action && strings.Contains(string(r.Event.RequestParameters), text) {
			calls = append(calls, r.Event)
		}
	}
	return calls, in.Err()
}

// CountCalls counts the successful ones of Calls by region.
func (p *Process) CountCalls(action, text string) (map[string]int, error) {
	calls, err := p.Calls(action, text)
	counts := map[string]int{}
	for _, c := range calls {
		if c.ErrorCode == "" {
			counts[c.AWSRegion]++
		}
	}
	return counts, err
}
