package agent

import (
	"slices"
	"strings"
)

// template says senses in the grammar's words.
type template struct {
	// needs are kinds of which there has to be one each, may those that may be there.
	needs, may []string
	// text has the values of needs in the place of their kinds in angle brackets.
	text string
	// topic is what a later piece without a noun is about.
	topic string
}

// templates are tried in order: the ones with more needs first.
func templates() []template {
	const nodes = "nodes"
	list := []template{
		{[]string{"exactlyN"}, []string{nodes, "hold"}, "keep the runtime between <exactlyN> and <exactlyN> nodes", nodes},
		{[]string{"minN", "maxN"}, []string{nodes}, "keep the runtime between <minN> and <maxN> nodes", nodes},
		{[]string{"num", "maxN"}, []string{nodes}, "scale the runtime to <num> nodes; set the maximum number of nodes to <maxN>", nodes},
		{[]string{"num", "minN"}, []string{nodes}, "scale the runtime to <num> nodes; set the minimum to <minN> nodes", nodes},
		{[]string{"type", "num"}, []string{nodes}, "use <type> nodes; scale the runtime to <num> nodes", nodes},
		{[]string{"type", "num", "maxN"}, []string{nodes}, "use <type> nodes; scale the runtime to <num> nodes; set the maximum number of nodes to <maxN>", nodes},
		{[]string{"num", nodes}, nil, "scale the runtime to <num> nodes", nodes},
		{[]string{"same"}, []string{nodes, "num"}, "", ""},
		{[]string{"num", "more", nodes}, nil, "add <num> nodes", nodes},
		{[]string{"more", nodes}, nil, "add 1 nodes", nodes},
		{[]string{"num", "fewer", nodes}, nil, "remove <num> nodes", nodes},
		{[]string{"pct", "more", nodes}, nil, "grow the fleet by <pct>", nodes},
		{[]string{"pct", "fewer", nodes}, nil, "shrink the fleet by <pct>", nodes},
		{[]string{"double", nodes}, nil, "double the runtime", nodes},
		{[]string{"triple", nodes}, nil, "triple the runtime", nodes},
		{[]string{"halve", nodes}, nil, "halve the runtime", nodes},
		{[]string{"maxN"}, []string{nodes}, "set the maximum number of nodes to <maxN>", nodes},
		{[]string{"minN"}, []string{nodes, "hold"}, "set the minimum to <minN> nodes", nodes},
		{[]string{"max", nodes, "num"}, nil, "set the maximum number of nodes to <num>", nodes},
		{[]string{"min", nodes, "num"}, nil, "set the minimum to <num> nodes", nodes},
		{[]string{"type"}, []string{nodes}, "use <type> nodes", nodes},
		{[]string{"stop"}, []string{nodes}, "stop the runtime", nodes},
		{[]string{"disk", "size"}, []string{nodes}, "set the node disk to <size>", "disk"},
		{[]string{"double", "disk"}, []string{nodes}, "double the node disk", "disk"},
		{[]string{"size"}, []string{nodes}, "set the node disk to <size>", "disk"},
		{[]string{"cpu", "pct"}, []string{nodes, "more"}, "keep cpu at <pct>", "cpu"},

		{[]string{"logs", "dur"}, []string{"hold"}, "keep logs for <dur>", "logs"},
		{[]string{"shards", "num"}, []string{"stream"}, "set all streams to <num> shards", "shards"},
		{[]string{"shards", "num", "name"}, []string{"stream"}, "set the <name> stream to <num> shards", "shards"},
		{[]string{"double", "shards"}, []string{"stream"}, "double all streams", "shards"},
		{[]string{"stream", "num"}, nil, "set all streams to <num> shards", "shards"},
		{[]string{"more", "stream", "name", "shards", "num"}, nil, "add stream <name> with <num> shards", ""},
		{[]string{"more", "stream", "name", "shards", "num", "dur"}, []string{"hold"}, "add stream <name> with <num> shards; keep records of the <name> stream for <dur>", ""},
		{[]string{"stream", "dur"}, []string{"hold", "max"}, "keep records of all streams for <dur>", "stream"},
		{[]string{"stream", "dur", "name"}, []string{"hold"}, "keep records of the <name> stream for <dur>", "stream"},
		{[]string{"old", "dur"}, []string{"hold", "expire", "objects", "bucket"}, "expire old versions in all buckets after <dur>", "old"},
		{[]string{"expire", "objects", "dur"}, []string{"bucket"}, "expire objects in bucket artifacts after <dur>", "objects"},
		{[]string{"infrequent", "objects", "dur"}, []string{"bucket", "hold"}, "move objects in bucket artifacts to infrequent access after <dur>", ""},
		{[]string{"archive", "objects", "dur"}, []string{"bucket", "hold", "expire"}, "archive objects in bucket artifacts after <dur>", ""},
		{[]string{"new", "group", "name"}, nil, "add log group <name>", ""},
		{[]string{"new", "bucket", "name"}, nil, "add bucket <name>", ""},
		{[]string{"loglevel", "level"}, nil, "set setting log_level to <level>", ""},
		{[]string{"debug"}, nil, "set setting log_level to debug", ""},

		{[]string{"ttl", "dur"}, nil, "set the dns ttl to <dur>", "ttl"},
		{[]string{"ttl", "dur", "fewer"}, []string{"stream"}, "set the dns ttl to <dur>", "ttl"},
		{[]string{"ttl", "num"}, nil, "set the dns ttl to <num> seconds", "ttl"},
		{[]string{"health", "dur"}, nil, "check health every <dur>", "health"},
		{[]string{"failures", "num"}, []string{"health"}, "fail over after <num> failures", "failures"},
		{[]string{"health", "path"}, []string{"health"}, "set the health check path to <path>", "health"},
		{[]string{"health", "port", "num"}, nil, "set the health check port to <num>", "health"},

		{[]string{"nat", "zone"}, []string{"more", "num"}, "use one nat gateway per zone", "nat"},
		{[]string{"nat", "num"}, []string{"exactly"}, "set nat to single", "nat"},
		{[]string{"zone", "num"}, nil, "set the number of zones to <num>", "zone"},
		{[]string{"keys", "rotate", "dur"}, nil, "rotate the keys every <dur>", "keys"},
		{[]string{"keys", "window", "dur"}, nil, "set the key deletion window to <dur>", "window"},
		{[]string{"window", "dur"}, []string{"keys"}, "set the key deletion window to <dur>", "window"},
		{[]string{"session", "dur"}, nil, "limit executor sessions to <dur>", "session"},
		{[]string{"analyzer"}, nil, "enable the access analyzer", ""},
		{[]string{"cloudevts"}, nil, "enable cloud events", ""},
		{[]string{"dataSubs"}, []string{"new"}, "make data subnets", ""},
	}
	slices.SortStableFunc(list, func(a, b template) int { return len(b.needs) - len(a.needs) })
	return list
}

// match says senses by the first template that takes all of them; topic stands in
// for a noun that they lack.
func (l *loose) match(senses []sense, topic string) (text, about string, ok bool) {
	for _, with := range [][]sense{senses, append(slices.Clone(senses), sense{kind: topic})} {
		if topic == "" && len(with) > len(senses) {
			break
		}
		for _, t := range l.templates {
			if text, ok := t.take(with); ok {
				return text, t.topic, true
			}
		}
	}
	return "", "", false
}

// take fills the template; false when it does not take exactly these senses.
func (t template) take(senses []sense) (string, bool) {
	left := slices.Clone(senses)
	text := t.text
	for _, kind := range t.needs {
		i := slices.IndexFunc(left, func(s sense) bool { return s.kind == kind })
		if i < 0 {
			return "", false
		}
		text = strings.ReplaceAll(text, "<"+kind+">", left[i].text)
		left = slices.Delete(left, i, i+1)
	}
	for _, s := range left {
		if !slices.Contains(t.may, s.kind) && !slices.Contains(t.needs, s.kind) || s.text != "" && isValue(s.kind) {
			return "", false
		}
	}
	return text, true
}

// isValue says that a kind has a value which must not be lost.
func isValue(kind string) bool {
	return slices.Contains([]string{"num", "pct", "dur", "size", "type", "cidr", "path", "name", "minN", "maxN", "exactlyN", "service"}, kind)
}
