package agent_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/bench/goals"
)

// orders are goals that change something, in the grammar's words and in people's own.
func orders(t require.TestingT) []string {
	var texts []string
	for _, in := range agent.Intents() {
		texts = append(texts, in.Examples...)
	}
	for _, read := range []func() ([]goals.Goal, error){goals.All, goals.Breadth} {
		set, err := read()
		require.NoError(t, err)
		for _, g := range set {
			if g.Expect.Outcome == goals.Change {
				texts = append(texts, strings.TrimRight(g.Intent, ".!? "))
			}
		}
	}
	return texts
}

// A word that nobody knows, put anywhere into an order, is not passed over unless it
// is named as context.
func TestWordsThatNobodyKnowsAreAccountedFor(t *testing.T) {
	t.Parallel()
	texts, spoken := orders(t), agent.Speaker(regions)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(texts).Draw(t, "text")
		words := strings.Fields(text)
		at := rapid.IntRange(0, len(words)).Draw(t, "at")
		salted := strings.Join(words[:at], " ") + " zzqx " + strings.Join(words[at:], " ")
		said, context, err := spoken(salted)
		if err == nil {
			require.Contains(t, said+context, "zzqx", salted)
		}
	})
}

// What denies, conditions or leaves something out is never dropped: before an order,
// it is refused or read as something else.
func TestDenialsAndConditionsAreNotDropped(t *testing.T) {
	t.Parallel()
	spoken := agent.Speaker(regions)
	texts := slices.DeleteFunc(orders(t), func(text string) bool {
		// what is put at the ends of several sentences may belong to what is told beside the order
		return strings.ContainsAny(text, ".;:") || strings.Contains(text, " so ")
	})
	patterns := []string{
		"don't %s", "do not %s", "never %s", "you must not %s", "stop: don't %s", "we don't want to %s", "nobody should %s", "%s unless the CPU is low", "%s if latency rises",
		"if latency rises, %s", "when the queue is long, %s", "%s when the queue is long", "%s as soon as latency rises", "%s once the migration is over", "unless it is Friday, %s",
		"%s provided that nobody objects", "%s only if the budget allows it", "after the migration, %s",
	}
	rapid.Check(t, func(t *rapid.T) {
		text, pattern := rapid.SampledFrom(texts).Draw(t, "text"), rapid.SampledFrom(patterns).Draw(t, "pattern")
		plain, _, err := spoken(text)
		if err != nil {
			return
		}
		twisted := strings.Replace(pattern, "%s", text, 1)
		said, _, err := spoken(twisted)
		require.True(t, err != nil || said != plain, "%q is read like %q: %s", twisted, text, said)
	})
}

// A value that follows "by" is the difference, not what comes out.
func TestDifferencesAreNotReadAsValues(t *testing.T) {
	t.Parallel()
	spoken := agent.Speaker(regions)
	for _, text := range []string{
		"lower the DNS TTL by 20 seconds", "extend log retention by 30 days", "raise the key rotation by 90 days", "please shorten executor sessions by 1 hour in Ireland",
		"our logs should be kept longer by 30 days", "increase the retention of the events stream by two days", "reduce 2 nodes", "the health check interval should shrink by 10 seconds",
		"run over 4 nodes", "keep logs for over 90 days", "two NAT gateways in Ireland", "back up the data every 2 days", "either 4 or 5 nodes", "4 or 5 nodes in Ireland",
		"keep audit logs for 90 days", "keep half of the logs for 90 days", "4 nodes per zone", "one for each availability zone in Ireland", "2 zones for every node", "Ireland ought to have twice as many servers as Virginia does",
		"most users moved to Ireland, so it ought to have twice as many servers as Virginia does", "scale Ireland to the same number of nodes as Virginia",
		"Ireland needs one node more than Virginia", "rotate the Stripe keys every 90 days", "scale the staging nodes to 4",
		"use 4 spot nodes", "cache.t4g.small", "one shard and one replica", "logs", "4", "30 days", "scale the GPU fleet to 4",
	} {
		said, _, err := spoken(text)
		require.Error(t, err, "%q is read as %s", text, said)
	}
}

// Numbers and durations of a text are in what was read, in the same amounts.
func TestAmountsAreNotLost(t *testing.T) {
	t.Parallel()
	spoken := agent.Speaker(regions)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(91, 179).Draw(t, "n")
		pattern := rapid.SampledFrom([]string{
			"keys in Ireland should rotate every # days", "please scale Ireland to # nodes", "Ireland needs # servers", "give the Irish nodes # gigs of disk each",
			"set the DNS TTL in Ireland to # seconds", "artifacts in Ireland may go after # days", "previous versions of artifacts in Ireland are kept for # days",
			"add # nodes in Ireland", "fleet in Ireland: # nodes", "we want # servers in Ireland by Friday", "Irish records have a TTL of # seconds",
		}).Draw(t, "pattern")
		extra := rapid.SampledFrom([]string{"", " and 77 widgets", ", 77 of them blue", " with 77", " or 77", " 77", " plus 77 percent", " for 77 hours", " times 77"}).Draw(t, "extra")
		number := strconv.Itoa(n)
		said, context, err := spoken(strings.Replace(pattern, "#", number, 1) + extra)
		if err != nil {
			return
		}
		require.Contains(t, said, number)
		if extra != "" {
			require.Contains(t, said+context, "77", pattern+extra)
		}
	})
}
