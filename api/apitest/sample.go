package apitest

import (
	"context"
	"time"

	"github.com/aegisworld/aegis"
)

// Sample fills a store with an estate in three regions, goals and change sets
// in all kinds of states.
func (s *Store) Sample(ctx context.Context) error {
	if err := s.sampleStacks(ctx); err != nil {
		return err
	}
	if err := s.sampleGoals(ctx); err != nil {
		return err
	}
	s.sampleChangeSets()
	return s.SetBudget(ctx, "estate", 5000)
}

func (s *Store) sampleStacks(ctx context.Context) error {
	now := s.Now()
	seen := now.Add(-3 * time.Minute)
	for i, layer := range []string{aegis.LayerNetwork, aegis.LayerSecurity, aegis.LayerData, aegis.LayerRuntime, aegis.LayerEdge} {
		for j, region := range Regions() {
			st := aegis.Stack{
				StackID: "prod." + layer + "." + region, Kind: aegis.TargetPulumiStack, Environment: "prod", Layer: layer,
				Region: region, State: aegis.StackClean, Revision: int64(1 + i*j), ResourceCount: 9 + 3*i, LastReconciledAt: &seen,
				CreatedAt: now, UpdatedAt: now,
			}
			switch {
			case layer == aegis.LayerEdge && j == 2:
				st.State, st.LastReconciledAt, st.Revision, st.ResourceCount = aegis.StackPending, nil, 0, 0
			case layer == aegis.LayerRuntime && j == 1:
				st.State = aegis.StackConverging
			case layer == aegis.LayerNetwork && j == 0:
				st.State = aegis.StackDrifted
			case layer == aegis.LayerData && j == 2:
				st.State, st.Error = aegis.StackUnknown, "refresh prod.data.ap-southeast-1: kinesis: ThrottlingException after 2 tries"
			}
			if err := s.UpsertStack(ctx, st); err != nil {
				return err
			}
		}
	}
	return s.UpsertStack(ctx, aegis.Stack{
		StackID: "legacy-vpn", Kind: aegis.TargetTerraformWorkspace, Environment: "prod", Region: "eu-west-1",
		State: aegis.StackClean, ResourceCount: 14, LastReconciledAt: &seen, CreatedAt: now, UpdatedAt: now,
	})
}

func (s *Store) sampleGoals(ctx context.Context) error {
	now := s.Now()
	for i, g := range []aegis.Goal{
		{GoalSpec: aegis.GoalSpec{Intent: "make me a sandwich"}, State: aegis.GoalFailed, Error: "no intent matches; see: aegis goal intents"},
		{
			GoalSpec: aegis.GoalSpec{Intent: "open port 22 to 0.0.0.0/0 everywhere"}, State: aegis.GoalDenied,
			Understanding: "add ingress rule ssh (tcp 22 from 0.0.0.0/0) to layer network in 3 regions",
			Error:         "denied by world_open_admin_port", ChangeSetIDs: []string{"cs-3"},
		},
		{
			GoalSpec: aegis.GoalSpec{Intent: "double the events stream"}, State: aegis.GoalSucceeded,
			Understanding: "streams.events.shards 1 → 2 in 3 regions", ChangeSetIDs: []string{"cs-1"},
		},
		{
			GoalSpec: aegis.GoalSpec{Intent: "scale the runtime in eu-west-1 to 4 nodes"}, State: aegis.GoalRunning,
			Understanding: "node_min 2 → 4, node_desired 2 → 4 in prod.runtime.eu-west-1", ChangeSetIDs: []string{"cs-5"},
		},
	} {
		g.GoalID, g.Submitter = "goal-"+string(rune('1'+i)), "ana"
		g.CreatedAt = now.Add(time.Duration(i-4) * 17 * time.Minute)
		g.UpdatedAt = g.CreatedAt
		if err := s.CreateGoal(ctx, g, ""); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sampleChangeSets() {
	now := s.Now()
	update := func(address, region string) aegis.ResourceChange {
		return aegis.ResourceChange{Address: address, Region: region, Action: aegis.ActionUpdate, Type: "aws_resource"}
	}
	all := Regions()
	for i, cs := range []aegis.AutonomousChangeSet{
		{
			GoalID: "goal-3", Source: aegis.SourceGoal, Summary: "streams.events.shards 1 → 2", PromotionState: aegis.StatePromoted,
			Phase: aegis.PhaseDone, RiskScore: 22, CostDeltaUSDMonth: 32.85, CanaryResult: &aegis.CanaryResult{Outcome: "passed"},
			Target: aegis.Target{StackIDs: []string{"prod.data.us-east-1", "prod.data.eu-west-1", "prod.data.ap-southeast-1"}, Regions: all},
			Diff: []aegis.ResourceChange{
				update("aws:kinesis/stream:Stream::events", all[0]),
				update("aws:kinesis/stream:Stream::events", all[1]),
				update("aws:kinesis/stream:Stream::events", all[2]),
			},
		},
		{
			Source: aegis.SourceDrift, Summary: "correct drift of prod.network.us-east-1", PromotionState: aegis.StateProposed,
			Phase: aegis.PhaseGate, RiskScore: 12, Target: aegis.Target{StackIDs: []string{"prod.network.us-east-1"}, Regions: all[:1]},
		},
		{
			GoalID: "goal-2", Source: aegis.SourceGoal, Summary: "ingress_rules + ssh from 0.0.0.0/0", PromotionState: aegis.StateDenied,
			Phase: aegis.PhaseDone, RiskScore: 71, Denials: []aegis.RuleResult{{Code: "world_open_admin_port", Msg: "port 22 is open to 0.0.0.0/0"}},
			Target: aegis.Target{StackIDs: []string{"prod.network.eu-west-1"}, Regions: all},
		},
		{
			Source: aegis.SourceGoal, Summary: "health_check.path / → /ready", PromotionState: aegis.StateRolledBack, Phase: aegis.PhaseDone,
			RiskScore: 35, CanaryResult: &aegis.CanaryResult{Outcome: "failed", Reason: "check edge-health is red"},
			Error:  "canary in us-east-1 failed: check edge-health is red",
			Target: aegis.Target{StackIDs: []string{"prod.edge.us-east-1"}, Regions: all},
		},
		{
			GoalID: "goal-4", Source: aegis.SourceGoal, Summary: "node_desired 2 → 4", PromotionState: aegis.StateApplying,
			Phase: aegis.PhaseApply, RiskScore: 18, CostDeltaUSDMonth: 60.74, CostUnknown: []string{"x"},
			Target: aegis.Target{StackIDs: []string{"prod.runtime.eu-west-1"}, Regions: all[1:2]},
			Diff:   []aegis.ResourceChange{update("aws:autoscaling/group:Group::nodes", all[1])},
		},
	} {
		cs.ChangeSetID, cs.Actor = "cs-"+string(rune('1'+i)), "planner"
		cs.CreatedAt = now.Add(time.Duration(i-5) * 11 * time.Minute)
		cs.UpdatedAt = cs.CreatedAt
		s.PutChangeSet(cs)
	}
}
