package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// streamIntents size Kinesis streams.
func streamIntents() []intent {
	return []intent{dataStreamShards(), dataStreamRetention(), dataAddStream(), dataRemoveStream()}
}

func dataStreamShards() intent {
	return intent{
		Intent: Intent{
			Name: "data.stream_shards", Layer: aegis.LayerData,
			Summary:  "Set, add, remove or multiply a stream's shards; without a name it is the only stream.",
			Examples: []string{"double the events stream", "set the events stream to 4 shards in eu-west-1", "add 2 shards to stream events", "halve all streams"},
		},
		phrasings: streamShapes(
			"<word:multiple> [shards|capacity|size|throughput] [of|for] %s [shards|capacity]",
			"@scale|reshard %s [up|down|out|in] [shards] to [exactly] <n:count> [shards|shard]",
			"@scale|use [number|count] [of] shards|shard [count] of|on|for|in %s to <n:count>",
			"@scale %s shard|shards count to <n:count>",
			"give %s <n:count> shards|shard",
			"use <n:count> shards|shard on|for|in %s",
			"add <more:count> [more] shards|shard to %s",
			"@remove <less:count> shards|shard from %s",
			"@scale %s [up] by <f:factor>",
		),
		read: readShards,
	}
}

func dataStreamRetention() intent {
	return intent{
		Intent: Intent{
			Name: "data.stream_retention", Layer: aegis.LayerData,
			Summary:  "Set how long a stream keeps its records, in hours or days.",
			Examples: []string{"keep records of the events stream for 7 days", "set retention of stream events to 48 hours in eu-west-1"},
		},
		phrasings: streamShapes(
			"@keep [records|data|messages] [of|in|on] %s [records|data] for <d:duration>",
			"@set [record|data] retention [period|time] of|for|on %s to <d:duration>",
			"@set %s retention [period|time] to <d:duration>",
			"@keep [records|data|messages] [of|in|on] %s for at_least <least:mark> <d:duration>",
			"@keep [records|data|messages] [of|in|on] %s for at_most <most:mark> <d:duration>",
		),
		read: func(a args) (edit, error) {
			d := a.duration()
			if d%time.Hour != 0 && d != maxDuration {
				return edit{}, refuse("%s is no whole number of hours", d)
			}
			hours := int(min(d/time.Hour, most))
			return edit{
				summary: fmt.Sprintf("keep records of %s for %s", streamWords(a), a.bound()+plural(hours, "hour")),
				apply: onStreams(a, func(s aegis.StreamSpec) (aegis.StreamSpec, error) {
					s.RetentionHours = a.within(s.RetentionHours, hours)
					return s, nil
				}),
			}, nil
		},
	}
}

func dataAddStream() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_stream", Layer: aegis.LayerData,
			Summary:  "Add a stream, of one shard unless a number is given, that keeps records for a day.",
			Examples: []string{"add stream clicks", "create a stream named clicks with 2 shards in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [kinesis] stream [named|called] <name:fresh> [with <n:count> shards|shard]",
			"@add [new] <name:fresh> [kinesis] stream [with <n:count> shards|shard]",
		},
		read: readAddStream,
	}
}

func dataRemoveStream() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_stream", Layer: aegis.LayerData,
			Summary:  "Remove a stream with its records; the default policy denies it.",
			Examples: []string{"remove stream events", "delete the events stream in eu-west-1"},
		},
		phrasings: []string{"@remove [kinesis] stream [named|called] <name>", "@remove <name> [kinesis] stream"},
		read: func(a args) (edit, error) {
			name := a.text("name")
			return edit{
				summary: "remove stream " + name, deletes: true, disrupts: true,
				apply: assign(func(s *aegis.DataSpec) {
					s.Streams = maps.Clone(s.Streams)
					delete(s.Streams, name)
				}),
			}, nil
		},
	}
}

// streamShapes writes each phrasing with every way of naming streams.
func streamShapes(phrasings ...string) (all []string) {
	for _, p := range phrasings {
		for _, shape := range []string{"<all:everyone> [kinesis] streams", "[kinesis] stream <name>", "<name> [kinesis] stream", "[kinesis] stream"} {
			all = append(all, fmt.Sprintf(p, shape))
		}
	}
	return all
}

func streamWords(a args) string {
	switch {
	case a.has("all"):
		return "all streams"
	case a.has("name"):
		return "stream " + a.text("name")
	default:
		return "the stream"
	}
}

func readAddStream(a args) (edit, error) {
	name, shards := a.text("name"), 1
	if a.has("n") {
		shards = a.count("n")
	}
	return edit{
		summary: fmt.Sprintf("add stream %s with %s", name, plural(shards, "shard")),
		apply: on(func(s *aegis.DataSpec, say func(string)) error {
			if s.Streams == nil {
				s.Streams = map[string]aegis.StreamSpec{}
			}
			if old, exists := s.Streams[name]; exists {
				say(fmt.Sprintf("stream %s exists already", name))
				if a.has("n") {
					old.Shards = shards
				}
				s.Streams[name] = old
				return nil
			}
			s.Streams[name] = aegis.StreamSpec{Shards: shards, RetentionHours: 24}
			return nil
		}),
	}, nil
}

func readShards(a args) (edit, error) {
	change := func(int) int { return a.count("n") }
	what := "to " + plural(a.count("n"), "shard")
	switch {
	case a.has("more"):
		change = func(n int) int { return n + a.count("more") }
		what = "by " + plural(a.count("more"), "shard") + " more"
	case a.has("less"):
		change = func(n int) int { return n - a.count("less") }
		what = "by " + plural(a.count("less"), "shard") + " fewer"
	case !a.has("n"):
		f := a.multiple()
		change = func(n int) int { return int(math.Min(math.Ceil(float64(n)*f), most)) }
		what = fmt.Sprintf("by a factor of %g", f)
	}
	return edit{
		summary: fmt.Sprintf("scale %s %s", streamWords(a), what),
		apply: onStreams(a, func(s aegis.StreamSpec) (aegis.StreamSpec, error) {
			s.Shards = change(s.Shards)
			if s.Shards < 1 {
				return s, refuse("a stream needs at least 1 shard")
			}
			return s, nil
		}),
	}, nil
}

// onStreams changes the streams that a phrase means.
func onStreams(a args, alter func(aegis.StreamSpec) (aegis.StreamSpec, error)) change {
	return func(parameters json.RawMessage, say func(string)) (json.RawMessage, error) {
		return on(func(s *aegis.DataSpec, _ func(string)) error {
			names, err := chosen(a, "stream", slices.Sorted(maps.Keys(s.Streams)))
			if err != nil {
				return err
			}
			for _, name := range names {
				if s.Streams[name], err = alter(s.Streams[name]); err != nil {
					return err
				}
			}
			return nil
		})(parameters, say)
	}
}

// chosen is which of the existing things of a kind a phrase means: all, the
// named one, or the only one.
func chosen(a args, kind string, existing []string) ([]string, error) {
	switch {
	case a.has("all"):
		return existing, nil
	case a.has("name") && slices.Contains(existing, a.text("name")):
		return []string{a.text("name")}, nil
	case a.has("name"):
		return nil, refuse("there is no %s %q; %s", kind, a.text("name"), oneOf("there are", existing))
	case len(existing) == 1:
		return existing, nil
	default:
		return nil, refuse("ambiguous: which %s? There are: %s", kind, strings.Join(existing, ", "))
	}
}
