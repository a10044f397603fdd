package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
)

func TestSeveralClausesBecomeOneChangeSetPerLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, sets := w.ask(t, "scale the runtime in eu-west-1 to 4 nodes and 3 nodes in us-east-1; double the events stream everywhere")
	require.Empty(t, goal.Error)
	require.Len(t, sets, 2)
	require.Equal(t, []string{"dev.data.us-east-1", "dev.data.eu-west-1", "dev.data.ap-southeast-1"}, sets[0].Target.StackIDs)
	require.Equal(t, []string{"dev.runtime.us-east-1", "dev.runtime.eu-west-1"}, sets[1].Target.StackIDs)
	require.JSONEq(t, `{"node_min": 3, "node_desired": 3}`, string(sets[1].Patches[0].MergePatch))
	require.JSONEq(t, `{"node_min": 4, "node_desired": 4}`, string(sets[1].Patches[1].MergePatch))
	require.Equal(t, "Scale the runtime to 4 nodes in eu-west-1; scale the runtime to 3 nodes in us-east-1", sets[1].Summary)
}

func TestClausesOfOneLayerAddUp(t *testing.T) {
	t.Parallel()
	_, sets := newWorld(t).ask(t, "in eu-west-1, scale the runtime to 4 nodes, set max nodes to 12 and keep cpu at 50%")
	require.Len(t, sets, 1)
	require.Equal(t, []string{"eu-west-1"}, sets[0].Target.Regions)
	require.JSONEq(t, `{"node_min": 4, "node_desired": 4, "node_max": 12, "target_cpu_percent": 50}`, string(sets[0].Patches[0].MergePatch))
}

func TestAValueMayBeAPreposition(t *testing.T) {
	t.Parallel()
	goal, sets := newWorld(t).ask(t, "set setting canary to on in eu-west-1")
	require.Empty(t, goal.Error)
	require.Len(t, sets, 1)
	require.JSONEq(t, `{"settings": {"canary": "on"}}`, string(sets[0].Patches[0].MergePatch))
	require.Equal(t, []string{"eu-west-1"}, sets[0].Target.Regions)
}

func TestUnderstandingSaysWhatChanges(t *testing.T) {
	t.Parallel()
	goal, _ := newWorld(t).ask(t, "keep logs for 12 weeks in Ireland")
	require.Equal(t, "Keep logs for 90 days (CloudWatch offers no period of 84 days) in eu-west-1.\n"+
		"dev.data.eu-west-1: log_retention_days 30 → 90", goal.Understanding)
}

func TestClosingAPortInsideARangeSplitsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit(t, "dev.network.eu-west-1", func(s *aegis.NetworkSpec) {
		s.IngressRules = map[string]aegis.IngressRule{
			"low": {Protocol: "tcp", FromPort: 20, ToPort: 25, CIDRs: []string{"0.0.0.0/0", "10.0.0.0/8"}},
			"dns": {Protocol: "udp", FromPort: 53, ToPort: 53, CIDRs: []string{"0.0.0.0/0"}},
		}
	})
	goal, _ := w.ask(t, "deny port 22 from 0.0.0.0/0 in eu-west-1")
	require.Contains(t, goal.Understanding, "port 22 stays open to 10.0.0.0/8, by rule low")
	after := decode[aegis.NetworkSpec](t, w.after(t, goal.GoalID, "dev.network.eu-west-1"))
	require.Equal(t, map[string]aegis.IngressRule{
		"low":   {Protocol: "tcp", FromPort: 20, ToPort: 25, CIDRs: []string{"10.0.0.0/8"}},
		"low-2": {Protocol: "tcp", FromPort: 20, ToPort: 21, CIDRs: []string{"0.0.0.0/0"}},
		"low-3": {Protocol: "tcp", FromPort: 23, ToPort: 25, CIDRs: []string{"0.0.0.0/0"}},
		"dns":   {Protocol: "udp", FromPort: 53, ToPort: 53, CIDRs: []string{"0.0.0.0/0"}},
	}, after.IngressRules)
}

func TestSeveralStreamsNeedAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit(t, "dev.data.eu-west-1", func(s *aegis.DataSpec) { s.Streams["clicks"] = aegis.StreamSpec{Shards: 2, RetentionHours: 24} })
	goal, _ := w.ask(t, "double the stream in eu-west-1")
	require.Contains(t, goal.Error, "which stream? There are: clicks, events")
	goal, _ = w.ask(t, "double all streams in eu-west-1")
	after := decode[aegis.DataSpec](t, w.after(t, goal.GoalID, "dev.data.eu-west-1"))
	require.Equal(t, 4, after.Streams["clicks"].Shards)
	require.Equal(t, 2, after.Streams["events"].Shards)
}
