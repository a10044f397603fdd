package tool

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// permit asks policy for a call, and returns the caller narrowed to what it grants.
func (r *Registry) permit(ctx context.Context, e *entry, by Caller) (Caller, error) {
	used := by.Used[e.Name]
	granted, err := r.Permits.PermitTool(ctx, aegis.ToolInput{
		Agent: aegis.ToolAgent{
			Name: by.Agent, Tools: by.Tools, Hosts: by.Hosts, Envelope: aegis.AgentEnvelope{Regions: by.Regions, Layers: by.Layers},
		},
		Goal: aegis.ToolGoal{GoalID: by.GoalID, Submitter: by.Submitter},
		Tool: aegis.ToolFacts{Name: e.Name, Effect: e.Effect, Scope: e.Scope, Source: e.Source, CostUSD: e.CostUSD},
		Used: used,
	})
	if err != nil {
		return Caller{}, fmt.Errorf("%w: policy denies %s: %s", ErrRefused, e.Name, clean(err))
	}
	allowance, named := granted.ToolAllowances[e.Name]
	switch {
	case !named:
		return Caller{}, fmt.Errorf("%w: policy allows agent %s no call of %s", ErrRefused, by.Agent, e.Name)
	case allowance >= 0 && used >= allowance:
		return Caller{}, fmt.Errorf("%w: policy allows %d calls of %s for a goal, and %d were made", ErrRefused, allowance, e.Name, used)
	}
	return narrowed(e, by, granted)
}

// narrowed is the caller within what policy grants, a copy: a tool that nobody
// waits for any more may still look at it.
func narrowed(e *entry, by Caller, granted aegis.ExecutionPolicy) (Caller, error) {
	out := by
	out.Tools, out.Layers, out.Memories, out.Used = slices.Clone(by.Tools), slices.Clone(by.Layers), slices.Clone(by.Memories), maps.Clone(by.Used)
	out.Hosts = commonHosts(by.Hosts, granted.NetworkScope.Hosts)
	if e.Effect == aegis.ToolFetches && len(out.Hosts) == 0 {
		return Caller{}, fmt.Errorf("%w: policy allows %s to reach none of the hosts of agent %s", ErrRefused, e.Name, by.Agent)
	}
	var left bool
	if out.Regions, left = common(by.Regions, granted.NetworkScope.Regions); !left {
		return Caller{}, fmt.Errorf("%w: policy allows %s to look at none of the regions of agent %s", ErrRefused, e.Name, by.Agent)
	}
	if out.StackIDs, left = common(by.StackIDs, granted.DataScope.StackIDs); !left {
		return Caller{}, fmt.Errorf("%w: policy allows %s to look at none of the stacks of agent %s", ErrRefused, e.Name, by.Agent)
	}
	return out, nil
}

// common is what two lists have in common, of which an empty one has everything;
// left is false when there is nothing.
func common(a, b []string) (both []string, left bool) {
	switch {
	case len(a) == 0:
		return slices.Clone(b), true
	case len(b) == 0:
		return slices.Clone(a), true
	}
	for _, item := range a {
		if slices.Contains(b, item) {
			both = append(both, item)
		}
	}
	return both, len(both) > 0
}

// commonHosts are the hosts that both lists allow, of which an empty one allows
// none. "*.a.example" is all hosts below a.example.
func commonHosts(a, b []string) []string {
	var both []string
	for _, host := range a {
		if covered(host, b) {
			both = append(both, host)
		}
	}
	for _, host := range b {
		if covered(host, a) && !slices.Contains(both, host) {
			both = append(both, host)
		}
	}
	return both
}

func covered(host string, by []string) bool {
	return slices.ContainsFunc(by, func(pattern string) bool {
		below, wild := strings.CutPrefix(pattern, "*")
		return strings.EqualFold(host, pattern) || wild && strings.HasPrefix(below, ".") && len(host) > len(below) &&
			strings.EqualFold(host[len(host)-len(below):], below)
	})
}
