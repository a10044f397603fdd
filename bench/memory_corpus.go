package bench

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/bench/goals"
)

// corpus writes what the planner remembers of goals, as it words that: the goals of
// bench/goals with other numbers, places and services, and what came of them. It is
// the same in each run.
type corpus struct {
	draw  *rand.Rand
	goals []goals.Goal
	// kept are some intents that were written, of which queries are made.
	kept []string

	places, teams, parts, reasons, ways, faults []string
}

// What is varied in a goal.
var (
	numbers          = regexp.MustCompile(`^\d+$`)
	placesAndNumbers = regexp.MustCompile(`\b(?:us-east-1|eu-west-1|ap-southeast-1|Ireland|Singapore|Virginia|Dublin)\b|\d+`)
)

func newCorpus() (*corpus, error) {
	c := &corpus{
		draw: rand.New(rand.NewPCG(28, 384)), //nolint:gosec // the same in each run
		places: strings.Fields(`us-east-1 us-east-2 us-west-2 eu-west-1 eu-central-1 eu-north-1 ap-southeast-1 ap-northeast-1 ap-south-1 sa-east-1
			Virginia Ohio Oregon Ireland Frankfurt Stockholm Singapore Tokyo Mumbai Dublin`),
		teams: strings.Fields(`checkout payments search catalog ledger media identity billing shipping pricing fraud loyalty inbox feed matchmaking
			leaderboard telemetry reporting exports uploads invoices recommendations sessions notifications scheduler crawler ingest audit sandbox gateway`),
		parts: strings.Fields(`api worker web db cache queue indexer archive importer proxy`),
		reasons: []string{
			"", "", "", " for %s", " because %s is slow", ", %s asks for it", " before %s goes live", " so that %s keeps up", "; it is for %s", ", as %s needs it",
		},
		ways: []string{
			"one NAT gateway", "fewer nodes", "ARM nodes", "half of the nodes", "fewer shards", "replication", "peering", "flow logs", "room to scale",
			"spare capacity", "spare capacity and copies", "capacity first", "at once",
		},
		faults: []string{
			"verification: error rate of %s rose above 2 %%", "denied: risk 71 of 60", "canary: p95 of %s grew by 40 %%", "AccessDenied: the executor's boundary",
			"no plan within the budget", "AddressLimitExceeded", "the deadline passed", "%s was changed by a person meanwhile",
		},
	}
	for _, read := range []func() ([]goals.Goal, error){goals.All, goals.Breadth, goals.HeldOut} {
		set, err := read()
		if err != nil {
			return nil, err
		}
		c.goals = append(c.goals, set...)
	}
	return c, nil
}

func (c *corpus) pick(from []string) string { return from[c.draw.IntN(len(from))] }

func (c *corpus) service() string { return c.pick(c.teams) + "-" + c.pick(c.parts) }

// fit puts a service into a text that has a place for it.
func (c *corpus) fit(text string) string {
	if strings.Contains(text, "%s") {
		return fmt.Sprintf(text, c.service())
	}
	return strings.ReplaceAll(text, "%%", "%")
}

// number is about as large as the one that it stands for.
func (c *corpus) number(text string) string {
	n, err := strconv.Atoi(text)
	if err != nil || n == 0 {
		return text
	}
	return strconv.Itoa(1 + c.draw.IntN(2*n))
}

// intent is a goal as somebody else would submit it.
func (c *corpus) intent(g goals.Goal) string {
	intent := placesAndNumbers.ReplaceAllStringFunc(strings.TrimRight(g.Intent, ". \n"), func(found string) string {
		if numbers.MatchString(found) {
			return c.number(found)
		}
		return c.pick(c.places)
	})
	return intent + c.fit(c.pick(c.reasons))
}

// ended is what is remembered of a goal that has ended.
func (c *corpus) ended(intent string, g goals.Goal, outcome aegis.MemoryOutcome) string {
	if outcome != aegis.MemorySucceeded || len(g.Expect.Stacks) == 0 {
		return fmt.Sprintf("Goal %q failed. Reason: %s.", intent, c.fit(c.pick(c.faults)))
	}
	var done []string
	for _, stack := range slices.Sorted(maps.Keys(g.Expect.Stacks)) {
		layer, _, _ := strings.Cut(stack, ".")
		for _, parameter := range slices.Sorted(maps.Keys(g.Expect.Stacks[stack])) {
			done = append(done, fmt.Sprintf("%s of %s to %d in %s", strings.ReplaceAll(parameter, ".", " "), layer, 1+c.draw.IntN(90), c.pick(c.places)))
		}
	}
	return fmt.Sprintf("Goal %q succeeded. Done: %s; +$%d.%02d a month.", intent, strings.Join(done, "; "), c.draw.IntN(900), c.draw.IntN(100))
}

// lesson is what is remembered of a way to an aim.
func (c *corpus) lesson(outcome aegis.MemoryOutcome) string {
	end := "lasted."
	if outcome != aegis.MemorySucceeded {
		end = "did not last: " + c.fit(c.pick(c.faults))
	}
	return fmt.Sprintf("Way %q to %q %s", c.pick(c.ways), fmt.Sprintf("have %s survive the loss of %s", c.service(), c.pick(c.places)), end)
}

// entries are n memories, a second apart, with their vectors. One of ten is a lesson.
func (c *corpus) entries(ctx context.Context, from, n int) ([]memory.Entry, error) {
	outcomes := []aegis.MemoryOutcome{aegis.MemorySucceeded, aegis.MemorySucceeded, aegis.MemoryFailed}
	texts := make([]string, n)
	for i := range texts {
		outcome := outcomes[(from+i)%len(outcomes)]
		if c.draw.IntN(10) == 0 {
			texts[i] = c.lesson(outcome)
			continue
		}
		goal := c.goals[c.draw.IntN(len(c.goals))]
		intent := c.intent(goal)
		texts[i] = memory.Scrub(c.ended(intent, goal, outcome))
		if (from+i)%97 == 0 {
			c.kept = append(c.kept, intent)
		}
	}
	vectors, err := memory.Hashed{}.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	entries := make([]memory.Entry, n)
	for i, text := range texts {
		at := time.Now().Add(-time.Duration(from+i+1) * time.Second)
		entries[i] = memory.Entry{Vector: vectors[i], Embedder: memory.Hashed{}.Name(), Memory: aegis.Memory{
			MemoryID: aegis.NewID(aegis.MemoryPrefix, at), AgentID: memoryAgent, Kind: aegis.MemorySemantic, Text: text,
			Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "bench"},
			Outcome:    outcomes[(from+i)%len(outcomes)], CreatedAt: at,
		}}
	}
	return entries, nil
}

// queries ask about goals that are remembered, for a service, as one does who is
// about to do the like.
func (c *corpus) queries(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = c.pick(c.kept) + " " + c.service()
	}
	return out
}
