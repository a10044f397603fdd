package agent

import (
	"encoding/json"
	"fmt"
	"strconv"

	aegis "github.com/aegisworld/aegis"
)

// checkBudget refuses a plan that would cost more than the goal's budget, as
// far as that can be told before an engine has planned it. The gate judges
// the real difference.
func (p *Planner) checkBudget(pl plan) error {
	budget := pl.reading.limits.budget
	if p.Pricer == nil || budget == nil || budget.USDMonth == nil {
		return nil
	}
	usd := 0.0
	for _, l := range pl.layers {
		usd += l.usd
	}
	if limit := *budget.USDMonth; usd > limit && usd > 0 {
		return refuse("it would add about $%.2f a month; the budget is $%.2f", usd, limit)
	}
	return nil
}

// estimated is by how much a month is thought to cost more with a layer's
// change, in US dollars.
func (p *Planner) estimated(l layer) (float64, error) {
	if p.Pricer == nil {
		return 0, nil
	}
	var changes []aegis.ResourceChange
	for _, s := range l.stacks {
		more, err := estimate(s)
		if err != nil {
			return 0, fmt.Errorf("estimate %s: %w", s.stack.StackID, err)
		}
		changes = append(changes, more...)
	}
	usd, _ := p.Pricer.Delta(changes)
	return usd, nil
}

// difference is estimated for other parameters of one stack; 0 when nothing can
// be told.
func (p *Planner) difference(layerName, region string, before, after any) float64 {
	change := stackChange{stack: aegis.Stack{Layer: layerName, Region: region, StackID: "estimate." + layerName + "." + region}}
	was, err := json.Marshal(before)
	if err != nil {
		return 0
	}
	will, err := json.Marshal(after)
	if err != nil {
		return 0
	}
	change.revision.Spec.Parameters, change.after.Parameters = was, will
	usd, err := p.estimated(layer{stacks: []stackChange{change}})
	if err != nil {
		return 0
	}
	return usd
}

// estimate writes a spec's difference as the resources whose price depends on
// it most: instances, streams, NAT gateways, keys and health checks.
func estimate(s stackChange) ([]aegis.ResourceChange, error) {
	switch s.stack.Layer {
	case aegis.LayerNetwork:
		return estimateNetwork(s)
	case aegis.LayerRuntime:
		return estimateRuntime(s)
	case aegis.LayerData:
		return estimateData(s)
	case aegis.LayerSecurity:
		return estimateSecurity(s)
	case aegis.LayerEdge:
		return estimateEdge(s)
	default:
		return nil, nil
	}
}

func estimateNetwork(s stackChange) (changes []aegis.ResourceChange, err error) {
	var before, after aegis.NetworkSpec
	if err := bothSpecs(s, &before, &after); err != nil {
		return nil, err
	}
	for i := range max(gateways(before), gateways(after)) {
		for _, kind := range []string{"aws_nat_gateway", "aws_eip"} {
			c := aegis.ResourceChange{StackID: s.stack.StackID, Address: fmt.Sprintf("%s::%d", kind, i), Type: kind, Region: s.stack.Region}
			switch {
			case i >= gateways(before):
				c.Action, c.After = aegis.ActionCreate, map[string]any{}
			case i >= gateways(after):
				c.Action, c.Before = aegis.ActionDelete, map[string]any{}
			default:
				continue
			}
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// gateways counts the NAT gateways of a network, each with an address.
func gateways(n aegis.NetworkSpec) int {
	switch n.NAT {
	case "single":
		return 1
	case "per_zone":
		return n.Zones
	default:
		return 0
	}
}

func estimateRuntime(s stackChange) ([]aegis.ResourceChange, error) {
	var before, after aegis.RuntimeSpec
	if err := bothSpecs(s, &before, &after); err != nil {
		return nil, err
	}
	group := func(r aegis.RuntimeSpec) map[string]any {
		return map[string]any{
			"desired_capacity": r.NodeDesired, "min_size": r.NodeMin, "max_size": r.NodeMax,
			"tags": []any{ // a group says so what its instances are
				map[string]any{"key": "aegis:instance_type", "value": r.InstanceType},
				map[string]any{"key": "aegis:volume_gib", "value": strconv.Itoa(r.VolumeGiB)},
			},
		}
	}
	return []aegis.ResourceChange{{
		StackID: s.stack.StackID, Address: "aws_autoscaling_group::nodes", Type: "aws_autoscaling_group", Region: s.stack.Region,
		Action: aegis.ActionUpdate, Before: group(before), After: group(after),
	}}, nil
}

func estimateData(s stackChange) (changes []aegis.ResourceChange, err error) {
	var before, after aegis.DataSpec
	if err := bothSpecs(s, &before, &after); err != nil {
		return nil, err
	}
	stream := func(d aegis.DataSpec, name string) map[string]any {
		if _, ok := d.Streams[name]; !ok {
			return nil
		}
		return map[string]any{"shard_count": d.Streams[name].Shards, "retention_period": d.Streams[name].RetentionHours}
	}
	for name := range after.Streams {
		c := aegis.ResourceChange{
			StackID: s.stack.StackID, Address: "aws_kinesis_stream::" + name, Type: "aws_kinesis_stream", Region: s.stack.Region,
			Action: aegis.ActionUpdate, Before: stream(before, name), After: stream(after, name),
		}
		if c.Before == nil {
			c.Action = aegis.ActionCreate
		}
		changes = append(changes, c)
	}
	return changes, nil
}

func estimateSecurity(s stackChange) ([]aegis.ResourceChange, error) {
	var before, after aegis.SecuritySpec
	if err := bothSpecs(s, &before, &after); err != nil || before.Replicated == after.Replicated {
		return nil, err
	}
	c := aegis.ResourceChange{StackID: s.stack.StackID, Address: "aws_kms_key::shared", Type: "aws_kms_key", Region: s.stack.Region}
	if after.Replicated {
		c.Action, c.After = aegis.ActionCreate, map[string]any{}
	} else {
		c.Action, c.Before = aegis.ActionDelete, map[string]any{}
	}
	return []aegis.ResourceChange{c}, nil
}

func estimateEdge(s stackChange) ([]aegis.ResourceChange, error) {
	var before, after aegis.EdgeSpec
	if err := bothSpecs(s, &before, &after); err != nil || after.Balanced {
		return nil, err
	}
	check := func(e aegis.EdgeSpec) map[string]any {
		return map[string]any{"type": "HTTPS", "request_interval": e.HealthCheck.IntervalSeconds}
	}
	return []aegis.ResourceChange{{
		StackID: s.stack.StackID, Address: "aws_route53_health_check::" + s.stack.Region, Type: "aws_route53_health_check", Region: s.stack.Region,
		Action: aegis.ActionUpdate, Before: check(before), After: check(after),
	}}, nil
}

func bothSpecs(s stackChange, before, after any) error {
	if err := json.Unmarshal(s.revision.Spec.Parameters, before); err != nil {
		return err
	}
	return json.Unmarshal(s.after.Parameters, after)
}
