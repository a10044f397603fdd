package rollout

import "github.com/aegisworld/aegis"

// invert turns a difference into the one that undoes it. It says what is known
// before anything is applied: values that the change itself will only make
// known stay in Unknown.
func invert(changes []aegis.ResourceChange) []aegis.ResourceChange {
	out := make([]aegis.ResourceChange, len(changes))
	for i, c := range changes {
		out[i] = c
		out[i].Before, out[i].After = c.After, c.Before
		switch c.Action {
		case aegis.ActionCreate:
			out[i].Action = aegis.ActionDelete
		case aegis.ActionDelete:
			out[i].Action = aegis.ActionCreate
		case aegis.ActionUpdate, aegis.ActionReplace:
		}
	}
	return out
}
