package engine

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/aegisworld/aegis"
)

// actionOf is the action of a step, "" when nothing changes.
func actionOf(op apitype.OpType) aegis.Action {
	switch op { //nolint:exhaustive // the others change nothing
	case apitype.OpCreate:
		return aegis.ActionCreate
	case apitype.OpUpdate, apitype.OpImport: // of what is there already
		return aegis.ActionUpdate
	case apitype.OpDelete, apitype.OpDiscardReplaced, apitype.OpRemovePendingReplace:
		return aegis.ActionDelete
	case apitype.OpReplace, apitype.OpCreateReplacement, apitype.OpDeleteReplaced, apitype.OpImportReplacement:
		return aegis.ActionReplace
	default:
		return ""
	}
}

// managed says that a step is about a cloud resource: stack roots, components
// and providers are not.
func managed(m apitype.StepEventMetadata) bool {
	if strings.HasPrefix(m.Type, "pulumi:") {
		return false
	}
	state := m.New
	if state == nil {
		state = m.Old
	}
	return state != nil && state.Custom
}

// addressOf names a resource by its Terraform type and its name in the program,
// "aws_vpc::main"; one with a parent has the parent's type before it.
func addressOf(urn string) string {
	qualified, name := splitURN(urn)
	i := strings.LastIndex(qualified, "$") + 1
	return qualified[:i] + terraformType(qualified[i:]) + "::" + name
}

// typeOf is the resource's own type in a URN.
func typeOf(urn string) string {
	qualified, _ := splitURN(urn)
	return qualified[strings.LastIndex(qualified, "$")+1:]
}

// splitURN takes urn:pulumi:<stack>::<project>::<types>::<name> apart.
func splitURN(urn string) (qualified, name string) {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return "", urn
	}
	return parts[2], parts[3]
}

// plan turns the recorded preview into the normalised plan.
func (r *recording) plan(key []byte) aegis.Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := aegis.Plan{StackID: r.run.Stack.StackID, Changes: []aegis.ResourceChange{}, Outputs: r.otherOutputs()}
	for _, m := range r.planned {
		action := actionOf(m.Op)
		if !managed(m) {
			continue
		}
		if action != aegis.ActionDelete {
			p.ResourceCount++
		}
		if action == "" {
			continue
		}
		p.Changes = append(p.Changes, r.change(m, action, inputs))
	}
	sortChanges(p.Changes)
	p.Digest = digest(p.Changes, r.run.Spec, key)
	return p
}

// change normalises one step; side chooses inputs or outputs of a state.
func (r *recording) change(
	m apitype.StepEventMetadata, action aegis.Action, side func(*apitype.StepEventStateMetadata) map[string]any,
) aegis.ResourceChange {
	c := aegis.ResourceChange{
		StackID: r.run.Stack.StackID, Address: addressOf(m.URN), Type: terraformType(m.Type),
		Region: r.run.Stack.Region, Action: action, Unknown: []string{}, Sensitive: []string{},
	}
	n := normaliser{tfType: c.Type}
	if m.Old != nil && action != aegis.ActionCreate {
		c.Before = n.object(side(m.Old))
	}
	n.unknown = nil
	if m.New != nil && action != aegis.ActionDelete {
		c.After = n.object(side(m.New))
	}
	c.Unknown = append(c.Unknown, unique(n.unknown)...)
	c.Sensitive = append(c.Sensitive, unique(n.sensitive)...)
	return c
}

func inputs(s *apitype.StepEventStateMetadata) map[string]any  { return s.Inputs }
func outputs(s *apitype.StepEventStateMetadata) map[string]any { return s.Outputs }
