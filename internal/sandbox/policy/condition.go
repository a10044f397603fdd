package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// verdict is what a condition says.
type verdict int

const (
	no verdict = iota
	yes
	// unknown is a condition that can't be judged.
	unknown
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// comparison says whether an actual value meets a wanted one; unknown when
// either can't be read.
type comparison func(wanted, actual string) verdict

// operator is a condition operator without its affixes. A negative one is met
// when none of the wanted values is met, also when the key is absent.
type operator struct {
	compare  comparison
	negative bool
}

// operators are the ones that IAM knows and that are judged here.
func operators() map[string]operator {
	return map[string]operator{
		"stringequals":              {compare: equal},
		"stringnotequals":           {compare: equal, negative: true},
		"stringequalsignorecase":    {compare: equalFold},
		"stringnotequalsignorecase": {compare: equalFold, negative: true},
		"stringlike":                {compare: like},
		"stringnotlike":             {compare: like, negative: true},
		"arnequals":                 {compare: arnLike},
		"arnlike":                   {compare: arnLike},
		"arnnotequals":              {compare: arnLike, negative: true},
		"arnnotlike":                {compare: arnLike, negative: true},
		"bool":                      {compare: equalFold},
		"ipaddress":                 {compare: inNetwork},
		"notipaddress":              {compare: inNetwork, negative: true},
		"numericequals":             {compare: numeric(func(a, w float64) bool { return a == w })},
		"numericnotequals":          {compare: numeric(func(a, w float64) bool { return a == w }), negative: true},
		"numericlessthan":           {compare: numeric(func(a, w float64) bool { return a < w })},
		"numericlessthanequals":     {compare: numeric(func(a, w float64) bool { return a <= w })},
		"numericgreaterthan":        {compare: numeric(func(a, w float64) bool { return a > w })},
		"numericgreaterthanequals":  {compare: numeric(func(a, w float64) bool { return a >= w })},
		"dateequals":                {compare: dated(func(a, w time.Time) bool { return a.Equal(w) })},
		"datenotequals":             {compare: dated(func(a, w time.Time) bool { return a.Equal(w) }), negative: true},
		"datelessthan":              {compare: dated(func(a, w time.Time) bool { return a.Before(w) })},
		"datelessthanequals":        {compare: dated(func(a, w time.Time) bool { return !a.After(w) })},
		"dategreaterthan":           {compare: dated(func(a, w time.Time) bool { return a.After(w) })},
		"dategreaterthanequals":     {compare: dated(func(a, w time.Time) bool { return !a.Before(w) })},
	}
}

// test judges one condition: operator, key (in lower case) and wanted values.
func test(name, key string, wanted []string, ctx Context) verdict {
	name = strings.ToLower(name)
	quantifier, bare, ok := strings.Cut(name, ":")
	if !ok {
		quantifier, bare = "", name
	}
	actual, present := ctx[key]
	if bare == "null" && quantifier == "" {
		return null(wanted, present)
	}
	bare, ifExists := strings.CutSuffix(bare, "ifexists")
	op, known := operators()[bare]
	if !known {
		return unknown
	}
	if !present && ifExists {
		return yes
	}
	wanted, expanded := ctx.expandAll(wanted)
	if !expanded {
		return unknown
	}
	switch quantifier {
	case "forallvalues":
		return op.forAll(wanted, actual)
	case "foranyvalue":
		return op.forAny(wanted, actual)
	case "":
		return op.single(wanted, actual, present)
	default:
		return unknown
	}
}

// null is met by "true" when the key is absent, and by "false" when not.
func null(wanted []string, present bool) verdict {
	for _, w := range wanted {
		absent, err := strconv.ParseBool(w)
		if err != nil {
			return unknown
		}
		if absent != present {
			return yes
		}
	}
	return no
}

// single judges a key of one value. A key of several is judged as ForAnyValue.
func (op operator) single(wanted, actual []string, present bool) verdict {
	if !present {
		return verdictOf(op.negative)
	}
	return op.forAny(wanted, actual)
}

func (op operator) forAny(wanted, actual []string) verdict {
	out := no
	for _, a := range actual {
		switch op.meets(wanted, a) {
		case yes:
			return yes
		case unknown:
			out = unknown
		case no:
		}
	}
	return out
}

func (op operator) forAll(wanted, actual []string) verdict {
	out := yes
	for _, a := range actual {
		switch op.meets(wanted, a) {
		case no:
			return no
		case unknown:
			out = unknown
		case yes:
		}
	}
	return out
}

// meets compares one actual value with all wanted ones.
func (op operator) meets(wanted []string, actual string) verdict {
	out := no
	for _, w := range wanted {
		switch op.compare(w, actual) {
		case yes:
			return verdictOf(!op.negative)
		case unknown:
			out = unknown
		case no:
		}
	}
	if out == unknown {
		return unknown
	}
	return verdictOf(op.negative)
}

func equal(wanted, actual string) verdict     { return verdictOf(wanted == actual) }
func equalFold(wanted, actual string) verdict { return verdictOf(strings.EqualFold(wanted, actual)) }
func like(wanted, actual string) verdict      { return verdictOf(wild(wanted, actual)) }

// arnLike compares the six parts of ARNs one by one, with wildcards.
func arnLike(wanted, actual string) verdict {
	w, a := strings.SplitN(wanted, ":", 6), strings.SplitN(actual, ":", 6)
	if len(w) != 6 || len(a) != 6 {
		return verdictOf(wanted == "*")
	}
	for i := range w {
		if !wild(w[i], a[i]) {
			return no
		}
	}
	return yes
}

func inNetwork(wanted, actual string) verdict {
	address, err := netip.ParseAddr(actual)
	if err != nil {
		return unknown
	}
	if single, err := netip.ParseAddr(wanted); err == nil {
		return verdictOf(single == address)
	}
	network, err := netip.ParsePrefix(wanted)
	if err != nil {
		return unknown
	}
	return verdictOf(network.Contains(address))
}

func numeric(holds func(actual, wanted float64) bool) comparison {
	return func(wanted, actual string) verdict {
		w, wErr := strconv.ParseFloat(wanted, 64)
		a, aErr := strconv.ParseFloat(actual, 64)
		if wErr != nil || aErr != nil {
			return unknown
		}
		return verdictOf(holds(a, w))
	}
}

func dated(holds func(actual, wanted time.Time) bool) comparison {
	return func(wanted, actual string) verdict {
		w, wOK := moment(wanted)
		a, aOK := moment(actual)
		if !wOK || !aOK {
			return unknown
		}
		return verdictOf(holds(a, w))
	}
}

// moment reads ISO 8601 or seconds since 1970.
func moment(s string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, true
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, true
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}
