package front

import (
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// group is what the groups of query services have in common.
type group struct{ name, region, arn, description string }

func (g *group) base() *group { return g }

// subnetGroup names subnets, for ElastiCache and for RDS.
type subnetGroup struct {
	group

	subnets []subnet
}

// parameterGroup holds what differs from a family's defaults. RDS applies
// parameters by methods: at once, or at the next start.
type parameterGroup struct {
	group

	family          string
	values, methods map[string]string
}

func (p *parameterGroup) get(name string) string {
	if p == nil {
		return ""
	}
	return p.values[name]
}

// groupKind is a kind of groups of a query service, which servers name.
type groupKind[G interface{ base() *group }] struct {
	// noun is the kind in names of actions and parameters, arn in ARNs.
	noun, arn string
	all       func(*stores) map[string]G
	// users are the servers of a region that use the group.
	users           func(s *stores, m moment, region, name string) []string
	exists, missing func(name string) error
	inUse           func(name, user string) error
	one             func(G) any
	many            func([]G) any
}

// nameIn is the group that the call names, in lower case.
func (k groupKind[G]) nameIn(c wire.Call) string {
	return strings.ToLower(c.Form().Get(k.noun + "Name"))
}

func (k groupKind[G]) find(s *stores, c wire.Call) (G, error) {
	g, there := k.all(s)[c.Region+" "+k.nameIn(c)]
	if !there {
		return g, k.missing(k.nameIn(c))
	}
	return g, nil
}

// create makes a group with what begin makes of the call beside its name.
func (k groupKind[G]) create(begin func(m moment, c wire.Call, g group) (G, error)) act {
	return func(s *stores, m moment, c wire.Call) (any, error) {
		name := k.nameIn(c)
		if _, there := k.all(s)[c.Region+" "+name]; there {
			return nil, k.exists(name)
		}
		g, err := begin(m, c, group{name: name, region: c.Region, arn: s.arn(c, k.arn+":"+name)})
		if err != nil {
			return nil, err
		}
		k.all(s)[c.Region+" "+name] = g
		s.tags.set(g.base().arn, tagParameters(c))
		return k.one(g), nil
	}
}

func (k groupKind[G]) describe(s *stores, _ moment, c wire.Call) (any, error) {
	if k.nameIn(c) == "" {
		return k.many(inRegion(k.all(s), c.Region)), nil
	}
	g, err := k.find(s, c)
	if err != nil {
		return nil, err
	}
	return k.many([]G{g}), nil
}

func (k groupKind[G]) remove(s *stores, m moment, c wire.Call) (any, error) {
	g, err := k.find(s, c)
	if err != nil {
		return nil, err
	}
	name := g.base().name
	if users := k.users(s, m, c.Region, name); len(users) > 0 {
		return nil, k.inUse(name, users[0])
	}
	delete(k.all(s), c.Region+" "+name)
	delete(s.tags, g.base().arn)
	return nil, nil
}

// subnetPatches serve a kind of subnet groups, in at least so many zones.
func subnetPatches(service string, k groupKind[*subnetGroup], check func([]subnet) error) []patch {
	set := func(m moment, c wire.Call, g *subnetGroup) error {
		g.subnets = m.subnets()
		setText(c, k.noun+"Description", &g.description)
		return check(g.subnets)
	}
	create := k.create(func(m moment, c wire.Call, base group) (*subnetGroup, error) {
		g := &subnetGroup{group: base}
		return g, set(m, c, g)
	})
	modify := func(s *stores, m moment, c wire.Call) (any, error) {
		g, err := k.find(s, c)
		if err != nil {
			return nil, err
		}
		altered := *g
		if err := set(m, c, &altered); err != nil {
			return nil, err
		}
		*g = altered
		return k.one(g), nil
	}
	look := lookForSubnets("SubnetIds")
	return append(acts(service, map[string]act{"Describe" + k.noun + "s": k.describe, "Delete" + k.noun: k.remove}),
		patch{service: service, action: "Create" + k.noun, act: create, look: look},
		patch{service: service, action: "Modify" + k.noun, act: modify, look: look})
}

// parameterPatches serve a kind of parameter groups: family is the parameter
// that names a group's family, and named what answers a change.
func parameterPatches(service string, k groupKind[*parameterGroup], family string, check func(family string) error, named func(string) any) []patch {
	change := func(do func(c wire.Call, g *parameterGroup)) act {
		return func(s *stores, _ moment, c wire.Call) (any, error) {
			g, err := k.find(s, c)
			if err != nil {
				return nil, err
			}
			do(c, g)
			return named(g.name), nil
		}
	}
	return acts(service, map[string]act{
		"Create" + k.noun: k.create(func(_ moment, c wire.Call, base group) (*parameterGroup, error) {
			g := &parameterGroup{group: base, family: c.Form().Get(family), values: map[string]string{}, methods: map[string]string{}}
			setText(c, "Description", &g.description)
			return g, check(g.family)
		}),
		"Modify" + k.noun:         change(setParameters),
		"Reset" + k.noun:          change(resetParameters),
		"Describe" + k.noun + "s": k.describe,
		"Describe" + strings.TrimSuffix(k.noun, "Group") + "s": func(s *stores, _ moment, c wire.Call) (any, error) {
			g, err := k.find(s, c)
			if err != nil {
				return nil, err
			}
			return g.describe(), nil
		},
		"Delete" + k.noun: k.remove,
	})
}

func setParameters(c wire.Call, g *parameterGroup) {
	maps.Copy(g.values, namedParameters(c, "ParameterValue"))
	maps.Copy(g.methods, namedParameters(c, "ApplyMethod"))
}

func resetParameters(c wire.Call, g *parameterGroup) {
	if c.Form().Get("ResetAllParameters") == "true" {
		clear(g.values)
	}
	for name := range namedParameters(c, "ParameterValue") {
		delete(g.values, name)
	}
}

type parameterXML struct {
	Name   string `xml:"ParameterName"`
	Value  string `xml:"ParameterValue"`
	Source string `xml:"Source"`
	Method string `xml:"ApplyMethod,omitempty"`
}

type parametersAnswer struct {
	Parameters []parameterXML `xml:"Parameters>Parameter"`
}

func (p *parameterGroup) describe() parametersAnswer {
	var answer parametersAnswer
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		answer.Parameters = append(answer.Parameters, parameterXML{Name: name, Value: p.values[name], Source: "user", Method: p.methods[name]})
	}
	return answer
}

func zonesIn(subnets []subnet) []string {
	zones := each(subnets, func(one subnet) string { return one.Zone })
	slices.Sort(zones)
	return slices.Compact(zones)
}
