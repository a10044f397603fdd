package agent

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// What makes clients leave a region that fails: checks every 10 s, the least that
// Route 53 offers, two failures, and records that are kept for half a minute.
const (
	fastInterval  = 10
	fastThreshold = 2
	fastTTL       = 30
)

func surviveRegion() objective {
	return objective{
		Intent: Intent{
			Name: "estate.survive", Layer: wholeEstate,
			Summary: "Have the other regions carry on when one is lost: spare capacity, fast fail-over and, in one of the ways, copies of objects.",
			Examples: []string{
				"make checkout survive losing us-east-1", "survive the loss of any region",
				"keep serving when eu-west-1 goes down",
			},
		},
		phrasings: []string{
			"make|let|have|keep <subject:name> [service|app|application|api|platform] @survive [@lose] <lost:regions> [@gone]",
			"make|let|have|keep <subject:name> [service|app|application|api|platform] @survive [@lose] [one|any|single|whole|entire] <any:mark> region [@gone]",
			"[be_able_to] @survive [@lose] <lost:regions> [@gone]",
			"[be_able_to] @survive [@lose] [one|any|single|whole|entire] <any:mark> region [@gone]",
			"be_able_to lose <lost:regions>",
			"if|when|should|in_case <lost:regions> @gone [one_day|some_day|tomorrow|again] [then] other|others|remaining [regions] have_to|has_to|must|should|need_to|ought_to " +
				"cope|carry_on|take_over|carry|absorb|serve|handle [with] [all|its|their] [users|clients|traffic|load|share|work|it]",
			"be_able_to lose [one|any|single|whole|entire] <any:mark> region",
			"keep|stay|continue|go_on serving|running|working|up|available when|if|even_if|while <lost:regions> @gone",
			"keep|stay|continue|go_on serving|running|working|up|available when|if|even_if|while [one|any|single|whole|entire] <any:mark> region @gone",
		},
		read: func(a args, _ scope) (aim, error) {
			lost, subject := a.list("lost"), a.text("subject")
			summary := "survive the loss of " + strings.Join(lost, ", ")
			if len(lost) == 0 {
				summary = "survive the loss of any one region"
			}
			return aim{summary: summary, note: takenFor(subject), ways: func(v view) ([]way, error) { return survive(v, lost) }}, nil
		},
	}
}

// takenFor says that a name which the estate does not know is taken for all of
// it.
func takenFor(subject string) string {
	known := []string{"", "everything", "it", "estate", "platform", "runtime", "fleet", "workload", "us", "things", "service", "app", "system"}
	if slices.Contains(known, strings.ToLower(subject)) {
		return ""
	}
	return fmt.Sprintf("Nothing in the estate is called %q: it is taken for all that the regions serve.", shorten(subject))
}

// survive lists the ways of carrying on without the lost regions, or any one of
// all when none is named.
func survive(v view, lost []string) ([]way, error) {
	left, err := carriers(v, lost)
	if err != nil {
		return nil, err
	}
	count := len(left)
	if len(lost) == 0 {
		count-- // any one of them
	}
	need := share(v, count)
	fast := failOver(v)
	spare, room := nodeSteps(v, left, need, spareNodes), nodeSteps(v, left, need, roomForNodes)
	copies, gaps := copySteps(v, lost)
	data := databaseGaps(v, lost)
	ways := []way{
		{
			name: "room to scale", tolerance: aegis.RiskHigh,
			summary: fmt.Sprintf("the others may scale to %s each once it is lost, and clients leave it within a minute", nodes(need)),
			steps:   slices.Concat(room, fast),
			lacks:   slices.Concat([]string{scalesLate}, gaps, data),
		},
		{
			name: "spare capacity", tolerance: aegis.RiskMedium,
			summary: fmt.Sprintf("the others run %s each, enough for all, and clients leave it within a minute", nodes(need)),
			steps:   slices.Concat(spare, fast), lacks: slices.Concat(gaps, data),
		},
	}
	if len(copies) > 0 {
		ways = append(ways, way{
			name: "spare capacity and copies", tolerance: aegis.RiskLow,
			summary: fmt.Sprintf("the others run %s each, clients leave it within a minute, and its objects are in the next region, too", nodes(need)),
			steps:   slices.Concat(spare, copies, fast), lacks: data,
		})
	} else {
		ways[1].tolerance = aegis.RiskLow
	}
	return ways, nil
}

// scalesLate is what is wrong with room instead of nodes.
const scalesLate = "until scaling follows, the other regions carry more than they run for"

// carriers are the regions that are left.
func carriers(v view, lost []string) ([]string, error) {
	for _, id := range lost {
		if !slices.Contains(v.regions, id) {
			return nil, refuse("region %s is not one of the estate's: %s", id, strings.Join(v.regions, ", "))
		}
	}
	left := slices.DeleteFunc(slices.Clone(v.regions), func(id string) bool { return slices.Contains(lost, id) })
	if len(left) == 0 || len(v.regions) < 2 {
		return nil, refuse("no region is left to carry on: the estate has %s", strings.Join(v.regions, ", "))
	}
	return left, nil
}

// share is how many nodes each of so many regions runs to carry all of the load.
func share(v view, carriers int) int { return (desiredNodes(v) + carriers - 1) / carriers }

// desiredNodes is how many nodes all regions run.
func desiredNodes(v view) (total int) {
	for _, region := range v.regions {
		if r, ok := paramsOf[aegis.RuntimeSpec](v, aegis.LayerRuntime, region); ok {
			total += r.NodeDesired
		}
	}
	return total
}

func nodeSteps(v view, regions []string, need int, set func(need int) func(*aegis.RuntimeSpec)) (steps []step) {
	for _, region := range regions {
		if _, ok := paramsOf[aegis.RuntimeSpec](v, aegis.LayerRuntime, region); ok {
			steps = append(steps, step{layer: aegis.LayerRuntime, region: region, edit: edit{
				summary: "have room for the load of a lost region", apply: assign(set(need)),
			}})
		}
	}
	return steps
}

func spareNodes(need int) func(*aegis.RuntimeSpec) {
	return func(s *aegis.RuntimeSpec) {
		s.NodeMin, s.NodeDesired, s.NodeMax = max(s.NodeMin, need), max(s.NodeDesired, need), max(s.NodeMax, need)
	}
}

func roomForNodes(need int) func(*aegis.RuntimeSpec) {
	return func(s *aegis.RuntimeSpec) { s.NodeMax = max(s.NodeMax, need) }
}

// failOver has clients leave a region soon after it fails.
func failOver(v view) (steps []step) {
	for _, region := range v.regions {
		e, ok := paramsOf[aegis.EdgeSpec](v, aegis.LayerEdge, region)
		if !ok || e.Balanced {
			continue // its load balancer's record is evaluated by Route 53 itself
		}
		steps = append(steps, step{layer: aegis.LayerEdge, region: region, edit: edit{
			summary: "fail over within a minute",
			apply: assign(func(s *aegis.EdgeSpec) {
				s.RecordTTLSeconds = min(s.RecordTTLSeconds, fastTTL)
				s.HealthCheck.IntervalSeconds = min(s.HealthCheck.IntervalSeconds, fastInterval)
				s.HealthCheck.FailureThreshold = min(s.HealthCheck.FailureThreshold, fastThreshold)
			}),
		}})
	}
	return steps
}

// copySteps copy the lost regions' buckets to the next region, and say which have
// no copy now. Without lost regions it is about all.
func copySteps(v view, lost []string) (steps []step, gaps []string) {
	if len(lost) == 0 {
		lost = v.regions
	}
	keyed := false
	for _, region := range lost {
		data, edge, ok := dataAndEdge(v, region)
		next := v.regions[(slices.Index(v.regions, region)+1)%len(v.regions)]
		there, _ := paramsOf[aegis.DataSpec](v, aegis.LayerData, next)
		for _, name := range slices.Sorted(maps.Keys(data.Buckets)) {
			if len(edge.ReplicatedBuckets[name]) > 0 {
				continue
			}
			gaps = append(gaps, fmt.Sprintf("objects of bucket %s of %s are in no other region", name, region))
			if _, also := there.Buckets[name]; !ok || !also {
				continue
			}
			keyed = true
			steps = append(steps, step{layer: aegis.LayerEdge, region: region, edit: edit{
				summary: "copy bucket " + name + " to " + next,
				apply: assign(func(s *aegis.EdgeSpec) {
					if s.ReplicatedBuckets == nil {
						s.ReplicatedBuckets = map[string][]string{}
					}
					s.ReplicatedBuckets[name] = []string{next}
				}),
			}})
		}
	}
	if keyed {
		steps = append(sharedKeys(v, v.regions), steps...)
	}
	return steps, gaps
}

func dataAndEdge(v view, region string) (aegis.DataSpec, aegis.EdgeSpec, bool) {
	data, found := paramsOf[aegis.DataSpec](v, aegis.LayerData, region)
	edge, ok := paramsOf[aegis.EdgeSpec](v, aegis.LayerEdge, region)
	return data, edge, found && ok
}

// sharedKeys makes the key and the role that copies need, in these regions.
func sharedKeys(v view, regions []string) (steps []step) {
	for _, region := range slices.Compact(slices.Sorted(slices.Values(regions))) {
		if s, ok := paramsOf[aegis.SecuritySpec](v, aegis.LayerSecurity, region); ok && !s.Replicated {
			steps = append(steps, step{layer: aegis.LayerSecurity, region: region, edit: edit{
				summary: "make the key and the role that copies need", apply: assign(func(s *aegis.SecuritySpec) { s.Replicated = true }),
			}})
		}
	}
	return steps
}

// databaseGaps are the databases that are lost with a region.
func databaseGaps(v view, lost []string) (gaps []string) {
	if len(lost) == 0 {
		lost = v.regions
	}
	for _, region := range lost {
		data, _ := paramsOf[aegis.DataSpec](v, aegis.LayerData, region)
		for _, name := range slices.Sorted(maps.Keys(data.Databases)) {
			if !data.Databases[name].Global {
				gaps = append(gaps, fmt.Sprintf("database %s of %s is in no other region", name, region))
			}
		}
	}
	return gaps
}

func evacuateRegion() objective {
	return objective{
		Intent: Intent{
			Name: "estate.evacuate", Layer: wholeEstate,
			Summary:  "Have the other regions carry a region's load, and then stop its runtime; its data stays.",
			Examples: []string{"evacuate ap-southeast-1", "move all traffic out of eu-west-1", "take us-east-1 out of service"},
		},
		phrasings: []string{
			"evacuate|drain|vacate|empty <lost:regions> [completely|entirely]",
			"move|shift|take|get|pull|route|steer|redirect|send [all|everything] [traffic|load|workload|workloads|clients|users] out_of|away_from|off <lost:regions>",
			"fail|move|shift|send everything|all|traffic|load|users [over] to other|others|remaining [<n:count>] [regions] from <lost:regions>",
			"stop serving [clients|users|traffic] from|in <lost:regions>",
			"fail_over|fail over from|out_of|away_from <lost:regions>",
			"take <lost:regions> out_of_service|offline|out_of_rotation",
		},
		read: func(a args, _ scope) (aim, error) {
			lost := a.list("lost")
			return aim{
				summary: "evacuate " + strings.Join(lost, ", "),
				ways:    func(v view) ([]way, error) { return evacuate(v, lost) },
			}, nil
		},
	}
}

func evacuate(v view, lost []string) ([]way, error) {
	left, err := carriers(v, lost)
	if err != nil {
		return nil, err
	}
	need := share(v, len(left))
	var stop, at []step
	for _, region := range lost {
		if _, ok := paramsOf[aegis.RuntimeSpec](v, aegis.LayerRuntime, region); ok {
			halt := edit{summary: "stop the runtime", apply: assign(func(s *aegis.RuntimeSpec) { s.NodeMin, s.NodeDesired = 0, 0 })}
			stop = append(stop, step{layer: aegis.LayerRuntime, region: region, phase: 1, edit: halt})
			halt.disrupts = true
			at = append(at, step{layer: aegis.LayerRuntime, region: region, edit: halt})
		}
	}
	kept := []string{"its data, network and keys stay"}
	spare := nodeSteps(v, left, need, spareNodes)
	return []way{
		{
			name: "capacity first", tolerance: aegis.RiskLow,
			summary: fmt.Sprintf("the others run %s each, then its nodes are stopped", nodes(need)),
			steps:   slices.Concat(spare, failOver(v), stop), lacks: kept,
		},
		{
			name: "at once", tolerance: aegis.RiskHigh, summary: "its nodes are stopped while the others may scale to " + nodes(need) + " each",
			steps: slices.Concat(nodeSteps(v, left, need, roomForNodes), at), lacks: slices.Concat([]string{scalesLate}, kept),
		},
	}, nil
}
