// Package agent turns goals into change sets. Its planner is deterministic: it
// reads an intent with a small grammar over the estate's parameters, edits the
// specs of the stacks concerned, and proposes one change set per layer through
// the one door. It touches no cloud and calls no model.
//
// Every word of an intent must be accounted for. What the planner can't read,
// it refuses as a whole, saying what it understood and what it can do; text
// that means harm is just text that matches no intent.
package agent
