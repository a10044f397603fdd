// Package estate has the tools by which agents look at the estate and try changes of
// it: what the control plane knows, and no more than the caller may look at.
package estate

import (
	"context"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/tool"
)

type stackStore interface {
	// Stack reads a stack with its newest spec.
	Stack(ctx context.Context, id string) (aegis.Stack, error)
	// Stacks lists stacks without their specs.
	Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error)
	// StackResources lists what is known of a stack's resources, by address.
	StackResources(ctx context.Context, stackID string) ([]aegis.IndexedResource, error)
	// Observation is the newest look at a stack; ErrNotFound.
	Observation(ctx context.Context, stackID string) (aegis.Observation, error)
	// EnvironmentSpecs are the newest specs of an environment's own stacks.
	EnvironmentSpecs(ctx context.Context, environment string) ([]aegis.Spec, error)
}

type historyStore interface {
	DriftReports(ctx context.Context, f aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error)
	ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error)
	Incidents(ctx context.Context, f aegis.IncidentFilter, page aegis.Page) ([]aegis.SecurityIncident, string, error)
}

type door interface {
	// Try says what would become of a proposal, and takes and commits nothing.
	Try(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.Trial, error)
	// TryDiff judges a hypothetical difference as Try does one that engines planned.
	TryDiff(ctx context.Context, diff []aegis.ResourceChange) (aegis.Trial, error)
}

type memories interface {
	Search(ctx context.Context, q memory.Query) ([]aegis.Memory, string, error)
}

type checker interface {
	Check(ctx context.Context, checks []aegis.Check) []aegis.CheckResult
}

type telemetry interface {
	// Logs are the newest events of a log group, oldest first; ErrNotFound.
	Logs(ctx context.Context, q aegis.LogQuery) ([]aegis.LogEvent, error)
	// Metric are the values of a metric, oldest first.
	Metric(ctx context.Context, q aegis.MetricQuery) ([]aegis.MetricPoint, error)
}

// Cost is what a stack costs by existing.
type Cost struct {
	// USDMonth is in US dollars a month, for the resources whose price is known.
	USDMonth float64
	// Unpriced are the addresses of resources without a known price.
	Unpriced []string
}

// Config holds what the tools stand on. All is required but Telemetry.
type Config struct {
	Stacks   stackStore
	History  historyStore
	Door     door
	Memories memories
	Checker  checker
	// Price works out what all stacks of an environment cost, by stack id.
	Price func(specs []aegis.Spec) (map[string]Cost, error)
	// Schema is the JSON Schema of a layer's parameters.
	Schema func(layer string) ([]byte, error)
	// Telemetry reads logs and metrics; without it there are no tools for that.
	Telemetry telemetry
	// Regions are the estate's.
	Regions []string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// The data scopes of what the tools answer.
const (
	// ScopeEstate is what the control plane knows of the estate.
	ScopeEstate = "estate"
	// ScopeMemory is what agents remember, which may be of goals.
	ScopeMemory = "memory"
	// ScopeTelemetry is what programs of the estate write.
	ScopeTelemetry = "telemetry"
)

// tools are the tools at work.
type tools struct{ Config }

// Tools are the tools of the estate.
func Tools(c Config) []tool.Tool {
	if c.Now == nil {
		c.Now = time.Now
	}
	t := tools{c}
	all := slices.Concat(t.stackTools(), t.historyTools(), t.tryingTools(), t.knowledgeTools())
	if c.Telemetry != nil {
		all = append(all, t.telemetryTools()...)
	}
	return all
}
