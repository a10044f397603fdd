package simulate

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// Bounds of a request.
const (
	// longestSince is 10 years: longer than any retention.
	longestSince = 10 * 365 * 24 * time.Hour
	// defaultSince is what is judged when a request names nothing.
	defaultSince = 720 * time.Hour

	mostChangeSets = 10_000
	mostResources  = 10_000
)

// query is what a request asks to be judged.
type query struct {
	aegis.SimulationRequest

	// since is how far back recorded decisions go; 0 is none, and -1 all.
	since time.Duration
}

// parse checks a request. It returns an InvalidError that names every fault.
func parse(r aegis.SimulationRequest) (query, error) {
	q := query{SimulationRequest: r}
	var faults aegis.InvalidError
	switch {
	case len(r.Bundle) > 0 && (len(r.Modules) > 0 || len(r.Data) > 0):
		faults.Add("bundle", "give either bundle, which replaces the running one, or modules and data, which are added to it")
	case len(r.Bundle) == 0 && len(r.Modules) == 0 && len(r.Data) == 0 && r.Goal == nil && len(r.Diff) == 0:
		faults.Add("modules", "give the candidate: modules and data, or a bundle; without one, give a goal or a diff for the running bundle to judge")
	}
	switch {
	case r.Since != "":
		d, err := time.ParseDuration(r.Since)
		if err != nil || d <= 0 || d > longestSince {
			faults.Add("since", fmt.Sprintf("%q is no duration such as 720h, up to 87600h", clip(r.Since, 40)))
		}
		q.since = d
	case len(r.ChangeSetIDs) > 0:
		q.since = -1
	case !r.Live && len(r.Diff) == 0 && r.Goal == nil:
		q.since = defaultSince
	}
	if len(r.ChangeSetIDs) > mostChangeSets {
		faults.Add("change_set_ids", fmt.Sprintf("give at most %d", mostChangeSets))
	}
	for _, path := range slices.Sorted(maps.Keys(r.Modules)) {
		if !fs.ValidPath(path) || !strings.HasSuffix(path, ".rego") {
			faults.Add("modules", fmt.Sprintf("%q is no relative path that ends in .rego", clip(path, maxCode)))
		}
	}
	checkDiff(r.Diff, &faults)
	if r.Goal != nil && r.Goal.Intent == "" {
		faults.Add("goal.intent", "say what is wanted, such as: scale the runtime in eu-west-1 to 4 nodes")
	}
	return q, faults.OrNil()
}

func checkDiff(diff []aegis.ResourceChange, faults *aegis.InvalidError) {
	if len(diff) > mostResources {
		faults.Add("diff", fmt.Sprintf("give at most %d resources", mostResources))
		return
	}
	for i, c := range diff {
		field := fmt.Sprintf("diff.%d", i)
		if c.Address == "" || c.Type == "" {
			faults.Add(field, "give the resource's address and type")
		}
		switch c.Action {
		case aegis.ActionCreate, aegis.ActionUpdate, aegis.ActionReplace, aegis.ActionDelete:
		default:
			faults.Add(field+".action", "give create, update, replace or delete")
		}
	}
}
