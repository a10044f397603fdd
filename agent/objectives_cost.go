package agent

import (
	"fmt"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

func cutCost() objective {
	return objective{
		Intent: Intent{
			Name: "estate.cut_cost", Layer: wholeEstate,
			Summary: "Have a month cost less, by the lever that takes the least risk: NAT gateways, spare nodes, ARM nodes, smaller nodes, shards.",
			Examples: []string{
				"cut the cost of the runtime by 20% in eu-west-1", "save $10 a month", "make the runtime cheaper",
			},
		},
		placed: true,
		phrasings: []string{
			"cut|reduce|lower|decrease|trim|bring_down [monthly] cost|costs|bill|spend|spending|expenses [of|for|on] [@runtime|everything|estate|platform|network] by [at_least] <part:percent>",
			"cut|reduce|lower|decrease|trim|bring_down [monthly] cost|costs|bill|spend|spending|expenses [of|for|on] [@runtime|everything|estate|platform|network] by [at_least] <usd:money>",
			"cut|reduce|lower|decrease|trim|bring_down @runtime cost|costs|bill|spend|spending by [at_least] <part:percent>",
			"bring [monthly] [@runtime] cost|costs|bill|spend|spending down by [at_least] <part:percent>", "bring [monthly] [@runtime] cost|costs|bill|spend|spending down by [at_least] <usd:money>",
			"save [at_least] <usd:money> [on|of] [cost|costs|@runtime|everything]",
			"save [at_least] <part:percent> [on|of] [cost|costs|@runtime|everything]",
			"spend <usd:money> less", "spend <part:percent> less",
			"make @runtime|everything|estate|platform <any:mark> cheaper",
			"make @runtime|everything|estate|platform <part:percent> cheaper",
			"cut|reduce|lower|save [monthly] <any:mark> cost|costs|bill|money|spending [of|for|on] [@runtime|everything|estate|platform]",
		},
		read: func(a args, s scope) (aim, error) {
			target := saving{part: float64(a.count("part")) / 100, usd: a.factor("usd")}
			if target.part >= 1 {
				return aim{}, refuse("a saving of %d %% leaves nothing to run", a.count("part"))
			}
			return aim{
				summary: "have a month cost " + target.words() + s.words(), preferred: true,
				ways: func(v view) ([]way, error) { return save(v, target, atlas{v.regions}, s) },
			}, nil
		},
	}
}

// saving is how much less a month is to cost: a part of what it costs, or US
// dollars; with neither, anything.
type saving struct{ part, usd float64 }

func (s saving) words() string {
	switch {
	case s.part > 0:
		return fmt.Sprintf("%.0f %% less", s.part*100)
	case s.usd > 0:
		return fmt.Sprintf("$%.2f less", s.usd)
	default:
		return "less"
	}
}

// lever is one thing that may be had for less.
type lever struct {
	name      string
	tolerance aegis.RiskTolerance
	lacks     string
	// pull is what it edits in a region, and by how much a month costs more then,
	// which is below zero; false when it saves nothing there.
	pull func(v view, region, name string) (step, float64, bool)
}

// levers are in the order in which they are tried: by what may go wrong.
func levers() []lever {
	return []lever{
		{
			name: "one NAT gateway", tolerance: aegis.RiskMedium, lacks: "private subnets of all zones depend on one zone's NAT gateway",
			pull: having(aegis.LayerNetwork, func(s aegis.NetworkSpec) (aegis.NetworkSpec, bool) {
				less := s.NAT == "per_zone" && s.Zones > 1
				s.NAT = "single"
				return s, less
			}),
		},
		{
			name: "fewer nodes", tolerance: aegis.RiskMedium, lacks: "a quarter of the nodes is gone until load brings them back",
			pull: having(aegis.LayerRuntime, func(s aegis.RuntimeSpec) (aegis.RuntimeSpec, bool) {
				return withNodes(s, s.NodeDesired-max(1, s.NodeDesired/4))
			}),
		},
		{
			name: "ARM nodes", tolerance: aegis.RiskHigh, lacks: "images have to be built for ARM, too",
			pull: having(aegis.LayerRuntime, func(s aegis.RuntimeSpec) (aegis.RuntimeSpec, bool) {
				kind, ok := armType(s.InstanceType)
				s.InstanceType = kind
				return s, ok
			}),
		},
		{
			name: "half of the nodes", tolerance: aegis.RiskHigh, lacks: "half of the nodes is gone until load brings them back",
			pull: having(aegis.LayerRuntime, func(s aegis.RuntimeSpec) (aegis.RuntimeSpec, bool) { return withNodes(s, s.NodeDesired/2) }),
		},
		{
			name: "fewer shards", tolerance: aegis.RiskHigh, lacks: "streams take half as many records a second",
			pull: having(aegis.LayerData, halfTheShards),
		},
	}
}

// having pulls a lever by a change of a layer's parameters, which says whether
// there is less to pay for.
func having[T any](layer string, change func(T) (T, bool)) func(v view, region, name string) (step, float64, bool) {
	return func(v view, region, name string) (step, float64, bool) {
		before, ok := paramsOf[T](v, layer, region)
		if !ok {
			return step{}, 0, false
		}
		after, less := change(before)
		if !less {
			return step{}, 0, false
		}
		usd := v.cost(layer, region, before, after)
		return step{layer: layer, region: region, edit: edit{summary: name, apply: assign(func(s *T) { *s = after })}}, usd, usd < 0
	}
}

func halfTheShards(s aegis.DataSpec) (aegis.DataSpec, bool) {
	streams, less := map[string]aegis.StreamSpec{}, false
	for name, stream := range s.Streams {
		less = less || stream.Shards > 1
		stream.Shards = max(1, stream.Shards/2)
		streams[name] = stream
	}
	s.Streams = streams
	return s, less
}

// withNodes runs n nodes; false when that is none, or no fewer.
func withNodes(s aegis.RuntimeSpec, n int) (aegis.RuntimeSpec, bool) {
	less := n >= 1 && n < s.NodeDesired
	s.NodeDesired, s.NodeMin = n, min(s.NodeMin, n)
	return s, less
}

// armType is the Graviton type of the same size, where AWS sells one for less.
func armType(kind string) (string, bool) {
	family, size, _ := strings.Cut(kind, ".")
	arm, ok := map[string]string{
		"t3": "t4g", "t3a": "t4g", "m5": "m6g", "m6i": "m6g", "m7i": "m7g", "c5": "c6g", "c6i": "c6g", "c7i": "c7g",
		"r5": "r6g", "r6i": "r6g", "r7i": "r7g",
	}[family]
	return arm + "." + size, ok
}

// cut is a way with what it saves a month, in US dollars.
type cut struct {
	way

	usd float64
}

// save lists ways of saving: each lever by itself, then several, those first that
// take the least risk. Ways that do not save enough are left out.
func save(v view, target saving, a atlas, where scope) ([]way, error) {
	regions, err := a.resolve(where)
	if err != nil {
		return nil, err
	}
	wanted := target.usd
	if target.part > 0 {
		wanted = target.part * standing(v, regions)
	}
	var single []cut
	for _, l := range levers() {
		c := cut{way: way{name: l.name, tolerance: l.tolerance, lacks: []string{l.lacks}}}
		for _, region := range regions {
			if s, usd, ok := l.pull(v, region, l.name); ok {
				c.steps, c.usd = append(c.steps, s), c.usd-usd
			}
		}
		if len(c.steps) > 0 {
			single = append(single, c)
		}
	}
	return enough(together(single), wanted)
}

// together adds to single levers each run of several; levers of one kind of
// thing, whose edits would overwrite one another, are not joined.
func together(single []cut) []cut {
	cuts := slices.Clone(single)
	for i := range single {
		joined := single[i]
		for _, next := range single[i+1:] {
			if overlap(joined.way, next.way) {
				continue
			}
			joined = cut{usd: joined.usd + next.usd, way: way{
				name: joined.name + " and " + next.name, tolerance: riskier(joined.tolerance, next.tolerance),
				steps: slices.Concat(joined.steps, next.steps), lacks: slices.Concat(joined.lacks, next.lacks),
			}}
			cuts = append(cuts, joined)
		}
	}
	slices.SortStableFunc(cuts, func(x, y cut) int {
		if x.tolerance != y.tolerance {
			return x.tolerance.MaxRisk() - y.tolerance.MaxRisk()
		}
		return len(x.lacks) - len(y.lacks)
	})
	return cuts
}

func overlap(a, b way) bool {
	return slices.ContainsFunc(a.steps, func(s step) bool {
		return slices.ContainsFunc(b.steps, func(o step) bool { return s.layer == o.layer && s.region == o.region })
	})
}

func riskier(a, b aegis.RiskTolerance) aegis.RiskTolerance {
	if a.MaxRisk() < b.MaxRisk() {
		return b
	}
	return a
}

// enough keeps the ways that save what is wanted.
func enough(cuts []cut, wanted float64) (kept []way, err error) {
	most := 0.0
	for _, c := range cuts {
		most = max(most, c.usd)
		if c.usd >= wanted {
			c.summary = fmt.Sprintf("about $%.2f a month less", c.usd)
			kept = append(kept, c.way)
		}
	}
	switch {
	case len(kept) > 0:
		return kept, nil
	case most == 0:
		return nil, refuse("nothing that the planner knows of can be had for less there")
	default:
		return nil, refuse("it asks for $%.2f a month less; the most that can be saved without removing things is about $%.2f", wanted, most)
	}
}

// standing is what the regions' nodes, streams and NAT gateways cost a month, in
// US dollars.
func standing(v view, regions []string) (usd float64) {
	for _, region := range regions {
		if n, ok := paramsOf[aegis.NetworkSpec](v, aegis.LayerNetwork, region); ok {
			usd += v.cost(aegis.LayerNetwork, region, aegis.NetworkSpec{}, n)
		}
		if r, ok := paramsOf[aegis.RuntimeSpec](v, aegis.LayerRuntime, region); ok {
			none := r
			none.NodeDesired, none.NodeMin = 0, 0
			usd += v.cost(aegis.LayerRuntime, region, none, r)
		}
		if d, ok := paramsOf[aegis.DataSpec](v, aegis.LayerData, region); ok {
			usd += v.cost(aegis.LayerData, region, aegis.DataSpec{}, d)
		}
	}
	return usd
}
