package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Bounds of the page.
const (
	stacksShown     = 500
	goalsShown      = 20
	changeSetsShown = 30
)

type page struct {
	Who     aegis.Principal
	Version string
	View    view
}

// view is what is kept fresh.
type view struct {
	At         time.Time
	Counts     []count
	Estates    []estate
	Workspaces []aegis.Stack
	Goals      []aegis.Goal
	ChangeSets []changeSet
}

// count is one figure of the summary.
type count struct {
	Label string
	N     int
	Of    int
	Class string
}

// estate is a table of one environment's stacks: a row per layer, a column per
// region.
type estate struct {
	Environment string
	Regions     []string
	Rows        []layerRow
}

type layerRow struct {
	Layer string
	// Cells has a stack, or nil, for each region.
	Cells []*aegis.Stack
}

type changeSet struct {
	aegis.AutonomousChangeSet

	Steps []step
}

// step is one phase on the way of a change set.
type step struct {
	Name string
	// Class is "done", "now", "failed", "skipped" or "".
	Class string
}

func (s *site) load(ctx context.Context) (view, error) {
	stacks, _, err := s.Stacks.Stacks(ctx, aegis.Page{Limit: stacksShown})
	if err != nil {
		return view{}, err
	}
	goals, _, err := s.Goals.Goals(ctx, aegis.Page{Limit: goalsShown})
	if err != nil {
		return view{}, err
	}
	sets, _, err := s.ChangeSets.ChangeSets(ctx, aegis.ChangeSetFilter{}, aegis.Page{Limit: changeSetsShown})
	if err != nil {
		return view{}, err
	}
	v := view{At: s.Now().UTC(), Goals: goals, Estates: estates(stacks), Counts: counts(stacks, goals, sets)}
	for _, st := range stacks {
		if st.Adopted() {
			v.Workspaces = append(v.Workspaces, st)
		}
	}
	for _, cs := range sets {
		v.ChangeSets = append(v.ChangeSets, changeSet{cs, steps(cs)})
	}
	return v, nil
}

// estates sorts the stacks of the estate into tables: layers in the order in which they
// are created, regions by name.
func estates(stacks []aegis.Stack) []estate {
	byEnvironment := map[string][]aegis.Stack{}
	for _, st := range stacks {
		if !st.Adopted() {
			byEnvironment[st.Environment] = append(byEnvironment[st.Environment], st)
		}
	}
	var out []estate
	for environment, members := range byEnvironment {
		out = append(out, table(environment, members))
	}
	slices.SortFunc(out, func(a, b estate) int { return cmp.Compare(a.Environment, b.Environment) })
	return out
}

func table(environment string, stacks []aegis.Stack) estate {
	e := estate{Environment: environment}
	var layers []string
	for _, st := range stacks {
		e.Regions, layers = append(e.Regions, st.Region), append(layers, st.Layer)
	}
	slices.Sort(e.Regions)
	e.Regions = slices.Compact(e.Regions)
	slices.SortFunc(layers, func(a, b string) int {
		return cmp.Or(cmp.Compare(layerOrder(a), layerOrder(b)), cmp.Compare(a, b))
	})
	for _, layer := range slices.Compact(layers) {
		row := layerRow{Layer: layer, Cells: make([]*aegis.Stack, len(e.Regions))}
		for i := range stacks {
			if stacks[i].Layer == layer {
				row.Cells[slices.Index(e.Regions, stacks[i].Region)] = &stacks[i]
			}
		}
		e.Rows = append(e.Rows, row)
	}
	return e
}

func layerOrder(layer string) int {
	known := []string{aegis.LayerNetwork, aegis.LayerSecurity, aegis.LayerData, aegis.LayerRuntime, aegis.LayerEdge}
	if i := slices.Index(known, layer); i >= 0 {
		return i
	}
	return len(known)
}

func counts(stacks []aegis.Stack, goals []aegis.Goal, sets []aegis.AutonomousChangeSet) []count {
	clean := count{Label: "stacks clean", Of: len(stacks), Class: "good"}
	drifted, unknown := count{Label: "drifted"}, count{Label: "unknown"}
	for _, st := range stacks {
		switch st.State {
		case aegis.StackClean:
			clean.N++
		case aegis.StackDrifted:
			drifted.N, drifted.Class = drifted.N+1, "warn"
		case aegis.StackUnknown:
			unknown.N, unknown.Class = unknown.N+1, "bad"
		case aegis.StackPending, aegis.StackConverging:
		}
	}
	open, moving := count{Label: "goals open", Class: "info"}, count{Label: "changes under way", Class: "info"}
	for _, g := range goals {
		if !g.State.Terminal() {
			open.N++
		}
	}
	for _, cs := range sets {
		if !cs.PromotionState.Terminal() {
			moving.N++
		}
	}
	return []count{clean, drifted, unknown, open, moving}
}
