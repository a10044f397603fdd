package drift

import (
	"slices"

	"github.com/aegisworld/aegis"
)

// A security group has its rules inline, in an attribute that its engine compares
// and corrects, or as resources of their own: then an engine that reads the group
// lists them all in that attribute, and corrects nothing by it. A rule beside
// what is managed is drift of the group in the first case, which the Reconciler
// reports, and unmanaged in the second, which the Stock reports; never both.

const securityGroup = "aws_security_group"

// directions are the attributes of a group that hold the rules of a type.
func directions(ruleType string) []string {
	switch ruleType {
	case "aws_vpc_security_group_ingress_rule":
		return []string{"ingress"}
	case "aws_vpc_security_group_egress_rule":
		return []string{"egress"}
	case "aws_security_group_rule":
		return []string{"egress", "ingress"}
	default:
		return nil
	}
}

// ruledApart says that some of the resources are the group's rules of a direction.
func ruledApart(groupID, direction string, resources []aegis.IndexedResource) bool {
	return slices.ContainsFunc(resources, func(m aegis.IndexedResource) bool {
		return slices.Contains(directions(m.Type), direction) && slices.Contains(m.Parents, groupID)
	})
}

// inline says that the rule is one beside the inline rules of its group, as the
// states of stacks say.
func inline(r aegis.CloudResource, states []aegis.IndexedResource) bool {
	for _, direction := range directions(r.Type) {
		for _, m := range states {
			if m.Type == securityGroup && m.Address == r.ParentAddress && m.StackID == r.StackID &&
				slices.Contains(m.Inline, direction) && !ruledApart(m.ID, direction, states) {
				return true
			}
		}
	}
	return false
}

// apart takes out of what is seen of groups the lists of rules that are resources
// of their own, or of which the state has none.
func apart(seen aegis.Observation, resources []aegis.IndexedResource) aegis.Observation {
	drift, index := make([]aegis.ResourceChange, 0, len(seen.Drift)), indexOf(resources)
	for _, c := range seen.Drift {
		if c.Type != securityGroup || c.Action == aegis.ActionDelete {
			drift = append(drift, c)
			continue
		}
		rest, had, id := c, len(c.Differences()), resourceOf(c, index).ID
		for _, direction := range []string{"egress", "ingress"} {
			before, _ := c.Before[direction].([]any)
			if _, drifts := c.After[direction]; drifts && ruledApart(id, direction, resources) || drifts && len(before) == 0 {
				rest = rest.Without(direction)
			}
		}
		if had == 0 || len(rest.Differences()) > 0 {
			drift = append(drift, rest)
		}
	}
	seen.Drift = drift
	return seen
}

func indexOf(resources []aegis.IndexedResource) map[string]aegis.IndexedResource {
	index := make(map[string]aegis.IndexedResource, len(resources))
	for _, r := range resources {
		index[r.Address] = r
	}
	return index
}
