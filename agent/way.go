package agent

import (
	"encoding/json"

	aegis "github.com/aegisworld/aegis"
)

// objective is an end that several plans may reach, unlike an intent, which says
// itself what to do.
type objective struct {
	Intent

	// phrasings are patterns; see compilePattern.
	phrasings []string
	// placed says that the words about regions say where, and are no part of the
	// phrasings.
	placed bool
	// read makes an aim of a match; its error is a refusal.
	read func(args, scope) (aim, error)
}

// wholeEstate is the layer of objectives.
const wholeEstate = "estate"

func objectives() []objective {
	return []objective{surviveRegion(), evacuateRegion(), cutCost(), copyBucket(), peerNetworks(), keepFlowLogs()}
}

// aim is an objective that was read from a text.
type aim struct {
	// intent is the objective's name.
	intent, summary string
	// regions are those that its text names.
	regions []string
	// note says how a word was taken, "" when there is nothing to say.
	note string
	// ways lists what may reach it on an estate; its error is a refusal.
	ways func(view) ([]way, error)
	// preferred says that the first way that is allowed is taken, not the cheapest.
	preferred bool
}

// way is one way of reaching an aim.
type way struct {
	name, summary string
	steps         []step
	// tolerance is the least risk tolerance with which it may be taken; "" is low.
	tolerance aegis.RiskTolerance
	// lacks is what it leaves undone.
	lacks []string
}

// step is an edit of one stack. One of a later phase is proposed when all of the
// phase before are promoted; stacks that read what others get by this plan are put
// into later phases by the planner itself.
type step struct {
	layer, region string
	phase         int
	edit          edit
}

// view is the estate as ways are worked out on it.
type view struct {
	// regions are the estate's, the primary first.
	regions []string
	// specs are the newest, by layer and region.
	specs map[place]aegis.Spec
	// cost is by how much a month costs more with a stack's other parameters, in US
	// dollars.
	cost func(layer, region string, before, after any) float64
}

// place is where a stack is.
type place struct{ layer, region string }

// paramsOf are a stack's parameters; false when there is no such stack.
func paramsOf[T any](v view, layer, region string) (params T, ok bool) {
	spec, found := v.specs[place{layer, region}]
	return params, found && json.Unmarshal(spec.Parameters, &params) == nil
}
