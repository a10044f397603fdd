package agent

import (
	"fmt"
	"math"

	aegis "github.com/aegisworld/aegis"
)

// runtimeIntents size the Auto Scaling group.
func runtimeIntents() []intent {
	return []intent{runtimeScale(), runtimeAddNodes(), runtimeRemoveNodes(), runtimeMultiply()}
}

func runtimeScale() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.scale", Layer: aegis.LayerRuntime,
			Summary:  "Scale the runtime to n nodes: minimum and desired become n, the maximum at least n.",
			Examples: []string{"scale the runtime in eu-west-1 to 4 nodes", "run 3 servers everywhere", "set the number of nodes to six in Ireland"},
		},
		phrasings: []string{
			"@scale [size|capacity] [of] @runtime [size|capacity|count] [up|down|out|in|back] to|at [exactly] <n:count> [@nodes]",
			"@scale [up|down|out|in|back] to [exactly] <n:count> @nodes",
			"run|have|use|keep|want|need [exactly] <n:count> @nodes [running]",
			"run|keep @runtime at|with <n:count> [@nodes]",
			"<n:count> @nodes",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{
				summary: fmt.Sprintf("scale the runtime to %s", nodes(n)), disrupts: n == 0,
				apply: assign(func(s *aegis.RuntimeSpec) { scaleTo(s, n) }),
			}, nil
		},
	}
}

func runtimeAddNodes() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.add_nodes", Layer: aegis.LayerRuntime,
			Summary:  "Add n nodes, or n percent, to what is desired now; the minimum follows and the maximum gives way.",
			Examples: []string{"add 2 nodes in eu-west-1", "scale the runtime up by 3", "grow the fleet by 50 %"},
		},
		phrasings: []string{
			"add|start|launch <n:count> [more|extra|additional] @nodes [to @runtime]",
			"add <n:count> to @runtime",
			"add|start|launch <one:mark> [another|more] node|server|instance|machine|worker [to @runtime]",
			"<n:count> more|extra|additional @nodes",
			"@up @runtime [up|out] by <n:count> [@nodes]",
			"@up [up|out] by <n:count> @nodes",
			"@up @runtime [up|out] by <p:percent>",
		},
		read: func(a args) (edit, error) { return grow(a, +1), nil },
	}
}

func runtimeRemoveNodes() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.remove_nodes", Layer: aegis.LayerRuntime,
			Summary:  "Remove n nodes, or n percent, from what is desired now; the minimum follows, the maximum stays.",
			Examples: []string{"remove one node in ap-southeast-1", "scale the runtime down by 2", "shrink the fleet by 25 percent"},
		},
		phrasings: []string{
			"@remove|stop|terminate <n:count> @nodes [from @runtime]",
			"@remove|stop|terminate <one:mark> node|server|instance|machine|worker [from @runtime]",
			"<n:count> fewer|less @nodes",
			"@down|scale @runtime [down|in] by <n:count> [@nodes]",
			"@down|scale [down|in] by <n:count> @nodes",
			"@down|scale @runtime [down|in] by <p:percent>",
		},
		read: func(a args) (edit, error) { return grow(a, -1), nil },
	}
}

func runtimeMultiply() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.multiply", Layer: aegis.LayerRuntime,
			Summary:  "Multiply the number of nodes, rounding up.",
			Examples: []string{"double the runtime in us-east-1", "halve the fleet everywhere", "scale the nodes by a factor of 1.5"},
		},
		phrasings: []string{
			"<word:multiple> [size|capacity] [of] @runtime",
			"@scale|multiply @runtime [up] [by|to] <f:factor>",
			"multiply @runtime by <n:count>",
			"<word:multiple> [number|count] of @nodes",
		},
		read: func(a args) (edit, error) {
			f := a.multiple()
			return edit{
				summary: fmt.Sprintf("multiply the runtime's nodes by %g", f),
				apply:   assign(func(s *aegis.RuntimeSpec) { scaleTo(s, scaled(s.NodeDesired, f)) }),
			}, nil
		},
	}
}

// scaleTo sets minimum and desired to n and the maximum to at least n. A
// desired count within its bounds is not drift.
func scaleTo(s *aegis.RuntimeSpec, n int) {
	s.NodeMin, s.NodeDesired, s.NodeMax = n, n, max(s.NodeMax, n)
}

// grow adds or removes nodes by count or percentage.
func grow(a args, sign int) edit {
	count := a.count("n")
	if a.has("one") {
		count = 1
	}
	word, amount := "add", nodes(count)
	if sign < 0 {
		word = "remove"
	}
	if a.has("p") {
		amount = fmt.Sprintf("%d %% of the nodes", a.count("p"))
	}
	return edit{
		summary: word + " " + amount,
		apply: on(func(s *aegis.RuntimeSpec, _ func(string)) error {
			n := count
			if a.has("p") {
				n = scaled(s.NodeDesired, float64(a.count("p"))/100)
			}
			to := s.NodeDesired + sign*n
			if to < 0 {
				return refuse("%s can't be removed: there are %d", nodes(n), s.NodeDesired)
			}
			scaleTo(s, to)
			return nil
		}),
	}
}

// multiple is the factor that a phrase names with "double" or "2x".
func (a args) multiple() float64 {
	switch {
	case a.has("f"):
		return a.factor("f")
	case a.has("n"):
		return float64(a.count("n"))
	default:
		return a.factor("word")
	}
}

// scaled multiplies, rounding up, and saturates.
func scaled(n int, factor float64) int {
	return int(math.Min(math.Ceil(float64(n)*factor), most))
}

func nodes(n int) string { return plural(n, "node") }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
