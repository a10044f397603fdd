package agent

import (
	"fmt"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// These ends have one way, which takes two layers.

func copyBucket() objective {
	return objective{
		Intent: Intent{
			Name: "estate.copy_bucket", Layer: wholeEstate,
			Summary:  "Copy a bucket's objects to the bucket of that name in another region, with the key and the role that it takes.",
			Examples: []string{"copy bucket artifacts from us-east-1 to eu-west-1", "keep a copy of everything in Virginia's artifacts bucket in Ireland"},
		},
		phrasings: []string{
			"copy|replicate bucket <name> from|in <from:regions> to <to:regions>",
			"keep|make copy|copies of [everything|all|objects|all_objects] [in] <from:regions> <name> bucket in <to:regions>",
			"keep|make copy|copies of bucket <name> of|in <from:regions> in <to:regions>",
		},
		read: func(a args, _ scope) (aim, error) {
			from, to, name := a.list("from"), a.list("to"), a.text("name")
			return aim{
				summary: fmt.Sprintf("copy bucket %s of %s to %s", name, strings.Join(from, ", "), strings.Join(to, ", ")),
				ways:    func(v view) ([]way, error) { return copies(v, name, from, to) },
			}, nil
		},
	}
}

func copies(v view, name string, from, to []string) ([]way, error) {
	if _, err := carriers(v, nil); err != nil {
		return nil, err
	}
	for _, region := range slices.Concat(from, to) {
		data, ok := paramsOf[aegis.DataSpec](v, aegis.LayerData, region)
		if !ok {
			return nil, refuse("region %s is not one of the estate's: %s", region, strings.Join(v.regions, ", "))
		}
		if _, there := data.Buckets[name]; !there {
			return nil, refuse("there is no bucket %q in %s", name, region)
		}
	}
	steps := sharedKeys(v, slices.Concat(v.regions[:1], from, to))
	for _, region := range from {
		steps = append(steps, step{layer: aegis.LayerEdge, region: region, edit: edit{
			summary: "copy bucket " + name + " to " + strings.Join(to, ", "),
			apply: assign(func(s *aegis.EdgeSpec) {
				if s.ReplicatedBuckets == nil {
					s.ReplicatedBuckets = map[string][]string{}
				}
				for _, region := range to {
					s.ReplicatedBuckets[name] = with(s.ReplicatedBuckets[name], region)
				}
			}),
		}})
	}
	return []way{{
		name: "replication", summary: "S3 copies what is written from then on", steps: steps,
		lacks: []string{"objects that are there already are not copied"},
	}}, nil
}

func peerNetworks() objective {
	return objective{
		Intent: Intent{
			Name: "estate.peer", Layer: wholeEstate,
			Summary:  "Connect the networks of all regions by peering.",
			Examples: []string{"peer the networks of all regions", "connect the three VPCs to one another by peering"},
		},
		phrasings: []string{
			"peer networks|vpcs [of all|every regions|region]", "peer all networks|vpcs",
			"connect all|three|two|<n:count> vpcs|networks [to|with one another|each_other] [by peering]",
			"connect all|three|two|<n:count> vpcs|networks to|with each other [by peering]",
			"connect networks|vpcs of all regions [by peering]",
		},
		read: func(args, scope) (aim, error) {
			return aim{summary: "connect the networks of all regions", ways: peered}, nil
		},
	}
}

func peered(v view) ([]way, error) {
	if _, err := carriers(v, nil); err != nil {
		return nil, err
	}
	w := way{name: "peering", summary: "each region requests a connection with those before it, and layer edge accepts"}
	for _, region := range v.regions {
		w.steps = append(w.steps,
			step{layer: aegis.LayerNetwork, region: region, edit: edit{
				summary: "request connections with the other regions", apply: assign(func(s *aegis.NetworkSpec) { s.Peered = true }),
			}},
			step{layer: aegis.LayerEdge, region: region, edit: edit{
				summary: "accept connections of the other regions", apply: assign(func(s *aegis.EdgeSpec) { s.Peered = true }),
			}})
	}
	return []way{w}, nil
}

func keepFlowLogs() objective {
	return objective{
		Intent: Intent{
			Name: "estate.flow_logs", Layer: wholeEstate,
			Summary:  "Keep a record of the networks' connections, with the role that writes it.",
			Examples: []string{"keep vpc flow logs for 90 days in us-east-1", "record flow logs for 30 days"},
		},
		placed: true,
		phrasings: []string{
			"@keep|record|enable|add|need|want [vpc] flow logs [in|of vpc] [kept] for <d:duration>",
			"[vpc] flow logs [kept] for <d:duration>",
		},
		read: func(a args, s scope) (aim, error) {
			days, err := wholeDays(a.duration())
			return aim{
				summary: fmt.Sprintf("keep flow logs for %s%s", plural(days, "day"), s.words()),
				ways:    func(v view) ([]way, error) { return flowLogs(v, days, s) },
			}, err
		},
	}
}

func flowLogs(v view, days int, where scope) ([]way, error) {
	regions, err := atlas{v.regions}.resolve(where)
	if err != nil {
		return nil, err
	}
	w := way{name: "flow logs", summary: "CloudWatch keeps them"}
	for _, region := range regions {
		security, _ := paramsOf[aegis.SecuritySpec](v, aegis.LayerSecurity, region)
		if _, ok := security.WorkloadRoles[aegis.FlowLogsRole]; !ok {
			w.steps = append(w.steps, step{layer: aegis.LayerSecurity, region: region, edit: edit{
				summary: "make the role that writes flow logs",
				apply: assign(func(s *aegis.SecuritySpec) {
					s.WorkloadRoles[aegis.FlowLogsRole] = aegis.WorkloadRole{Service: "vpc-flow-logs.amazonaws.com", Actions: []string{
						"logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents",
					}}
				}),
			}})
		}
		w.steps = append(w.steps, step{layer: aegis.LayerNetwork, region: region, edit: edit{
			summary: fmt.Sprintf("keep flow logs for %s", plural(days, "day")),
			apply:   assign(func(s *aegis.NetworkSpec) { s.FlowLogDays = days }),
		}})
	}
	return []way{w}, nil
}
