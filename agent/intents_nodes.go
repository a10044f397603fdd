package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// nodeIntents bound the Auto Scaling group and shape its nodes.
func nodeIntents() []intent {
	return []intent{runtimeMaximum(), runtimeMinimum(), runtimeRange(), runtimeRest(), runtimeStop(), runtimeInstanceType(), runtimeCPU(), runtimeDisk()}
}

func runtimeMaximum() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.maximum", Layer: aegis.LayerRuntime,
			Summary:  "Set the maximum number of nodes; what is above it comes down.",
			Examples: []string{"set the maximum number of nodes to 10 in us-east-1", "cap the runtime at 8 nodes", "allow up to 12 nodes"},
		},
		phrasings: []string{
			"@set @max [number|count|size] [of] [@runtime|@nodes] [count|size] to|at <n:count> [@nodes]",
			"@set @runtime|@nodes @max [size|count] to <n:count> [@nodes]",
			"cap|limit @runtime at|to <n:count> [@nodes]",
			"cap|limit at|to <n:count> @nodes",
			"allow up_to|at_most <n:count> @nodes",
			"at_most|no_more_than|max|maximum <n:count> @nodes",
			"never|not run|have|use more_than <n:count> @nodes",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{summary: "let the runtime have at most " + nodes(n), apply: assign(func(s *aegis.RuntimeSpec) {
				s.NodeMax, s.NodeDesired, s.NodeMin = n, min(s.NodeDesired, n), min(s.NodeMin, n)
			})}, nil
		},
	}
}

func runtimeMinimum() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.minimum", Layer: aegis.LayerRuntime,
			Summary:  "Set the minimum number of nodes; desired and maximum rise to it.",
			Examples: []string{"set the minimum to 3 nodes in eu-west-1", "at least two nodes everywhere", "never run fewer than 2 nodes"},
		},
		phrasings: []string{
			"@set @min [number|count|size] [of] [@runtime|@nodes] [count|size] to|at <n:count> [@nodes]",
			"@set @runtime|@nodes @min [size|count] to <n:count> [@nodes]",
			"[keep|run|have] at_least|no_fewer_than|min|minimum <n:count> @nodes [running]",
			"never [go|drop|scale|run|have] below|fewer_than|less_than|under <n:count> @nodes",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{summary: "let the runtime have at least " + nodes(n), apply: assign(func(s *aegis.RuntimeSpec) {
				s.NodeMin, s.NodeDesired, s.NodeMax = n, max(s.NodeDesired, n), max(s.NodeMax, n)
			})}, nil
		},
	}
}

func runtimeRange() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.range", Layer: aegis.LayerRuntime,
			Summary:  "Set minimum and maximum at once; desired moves between them.",
			Examples: []string{"keep the runtime between 2 and 8 nodes in eu-west-1", "scale from 3 to 9 nodes everywhere"},
		},
		phrasings: []string{
			"@scale|@keep|run|let [@runtime] [scale|vary|be] between <low:count> and <high:count> [@nodes]",
			"@scale|let [@runtime] [scale|vary] from <low:count> to <high:count> @nodes",
			"[autoscale|autoscaling] between <low:count> and <high:count> @nodes",
		},
		read: func(a args) (edit, error) {
			low, high := a.count("low"), a.count("high")
			if low > high {
				return edit{}, refuse("between %d and %d is no range", low, high)
			}
			return edit{
				summary: fmt.Sprintf("keep the runtime between %d and %s", low, nodes(high)),
				apply: assign(func(s *aegis.RuntimeSpec) {
					s.NodeMin, s.NodeMax, s.NodeDesired = low, high, max(low, min(s.NodeDesired, high))
				}),
			}, nil
		},
	}
}

func runtimeRest() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.rest", Layer: aegis.LayerRuntime,
			Summary:  "Scale everything down to one node; the maximum stays.",
			Examples: []string{"scale everything down", "scale down the runtime in ap-southeast-1", "minimise the fleet"},
		},
		phrasings: []string{
			"scale everything|@runtime down [to_minimum]", "scale down everything|@runtime [to_minimum]",
			"minimise|minimize everything|@runtime",
		},
		read: func(args) (edit, error) {
			return edit{summary: "scale the runtime down to 1 node", apply: assign(func(s *aegis.RuntimeSpec) { scaleTo(s, 1) })}, nil
		},
	}
}

func runtimeStop() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.stop", Layer: aegis.LayerRuntime,
			Summary:  "Run no node at all; the maximum stays.",
			Examples: []string{"stop the runtime in ap-southeast-1", "turn off all nodes", "scale everything down to zero"},
		},
		phrasings: []string{
			"stop|pause|hibernate|shut_down|turn_off|switch_off [all|every] @runtime|everything",
			"scale everything [down] to zero|0 [@nodes]",
		},
		read: func(args) (edit, error) {
			return edit{
				summary: "stop the runtime", disrupts: true,
				apply: assign(func(s *aegis.RuntimeSpec) { s.NodeMin, s.NodeDesired = 0, 0 }),
			}, nil
		},
	}
}

func runtimeInstanceType() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.instance_type", Layer: aegis.LayerRuntime,
			Summary:  "Change the nodes' instance type; new nodes get it.",
			Examples: []string{"change the instance type to m7g.large in eu-west-1", "use t3.medium nodes", "switch the runtime to c7g.xlarge"},
		},
		phrasings: []string{
			"@set [@nodes] [instance|machine|node|server] type|size|class [of|for] [@runtime] to <type>",
			"@set|move|migrate @runtime [over] to|onto <type> [@nodes]",
			"use|run [on] <type> [@nodes] [for @runtime]",
			"run @runtime on <type> [@nodes]",
		},
		read: func(a args) (edit, error) {
			t := a.text("type")
			return edit{summary: "run nodes of type " + t, apply: assign(func(s *aegis.RuntimeSpec) { s.InstanceType = t })}, nil
		},
	}
}

func runtimeCPU() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.cpu", Layer: aegis.LayerRuntime,
			Summary:  "Set the average CPU load that scaling keeps, in percent.",
			Examples: []string{"keep CPU at 50 % in eu-west-1", "target 65 percent cpu", "set the cpu target to 70%"},
		},
		phrasings: []string{
			"@keep|target|aim [for] [average] cpu [load|usage|utilization|utilisation] at|around|to|near|of <p:percent>",
			"@set [average] [target] cpu [load|usage|utilization|utilisation] [target] to|at <p:percent>",
			"@set [average] [target] cpu [load|usage|utilization|utilisation] [target] to|at <p:count>",
			"target|aim_for|@keep <p:percent> [average] cpu [load|usage|utilization|utilisation]",
		},
		read: func(a args) (edit, error) {
			p := a.count("p")
			return edit{
				summary: fmt.Sprintf("keep the average CPU load at %d %%", p),
				apply:   assign(func(s *aegis.RuntimeSpec) { s.TargetCPUPercent = p }),
			}, nil
		},
	}
}

func runtimeDisk() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.disk", Layer: aegis.LayerRuntime,
			Summary:  "Set or grow each node's disk, in GiB; new nodes get it.",
			Examples: []string{"grow the node disk to 50 GiB in eu-west-1", "give every node 100 GB of disk", "add 20 GiB to the node disks", "double the node disk"},
		},
		phrasings: []string{
			"@scale|extend|enlarge [size] [of] [@nodes|root] disk|disks|volume|volumes|storage [size] [of @nodes] to <g:size>",
			"give every|each|all @nodes <g:size> [of] [disk|storage]",
			"add <more:size> to [@nodes|root] disk|disks|volume|volumes|storage",
			"@up|extend|enlarge [@nodes|root] disk|disks|volume|volumes|storage [size] by <more:size>",
			"<word:multiple> [size] [of] [@nodes|root] disk|disks|volume|volumes|storage [size]",
		},
		read: readDisk,
	}
}

func readDisk(a args) (edit, error) {
	switch {
	case a.has("g"):
		return edit{
			summary: fmt.Sprintf("give each node a disk of %d GiB", a.count("g")),
			apply:   assign(func(s *aegis.RuntimeSpec) { s.VolumeGiB = a.count("g") }),
		}, nil
	case a.has("more"):
		return edit{
			summary: fmt.Sprintf("add %d GiB to each node's disk", a.count("more")),
			apply:   assign(func(s *aegis.RuntimeSpec) { s.VolumeGiB += a.count("more") }),
		}, nil
	default:
		return edit{
			summary: fmt.Sprintf("multiply each node's disk by %g", a.multiple()),
			apply:   assign(func(s *aegis.RuntimeSpec) { s.VolumeGiB = scaled(s.VolumeGiB, a.multiple()) }),
		}, nil
	}
}
