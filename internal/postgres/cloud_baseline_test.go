package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestBaseline(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	keys, taken, err := db.Baseline(t.Context(), "eu-west-1")
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Zero(t, taken)

	one := aegis.CloudResource{Type: "aws_instance", ID: "i-1", Region: "eu-west-1", Attributes: map[string]any{"ami": "x"}}
	two := aegis.CloudResource{Type: "aws_instance", ID: "i-2", Region: "eu-west-1"}
	require.NoError(t, db.SaveBaseline(t.Context(), "eu-west-1", []aegis.CloudResource{one, two}))
	require.NoError(t, db.SaveBaseline(t.Context(), "us-east-1", nil))
	keys, taken, err = db.Baseline(t.Context(), "eu-west-1")
	require.NoError(t, err)
	require.Equal(t, []string{one.Key(), two.Key()}, keys)
	require.NotZero(t, taken)
	keys, taken, err = db.Baseline(t.Context(), "us-east-1")
	require.NoError(t, err)
	require.Empty(t, keys)
	require.NotZero(t, taken, "an empty account was looked at too")
	require.NoError(t, db.SaveBaseline(t.Context(), "eu-west-1", []aegis.CloudResource{two}))
	keys, _, err = db.Baseline(t.Context(), "eu-west-1")
	require.NoError(t, err)
	require.Equal(t, []string{two.Key()}, keys)

	require.NoError(t, db.EnqueueStock(t.Context(), "eu-west-1"))
	require.NoError(t, db.EnqueueStock(t.Context(), "eu-west-1"))
	require.NoError(t, db.EnqueueStock(t.Context(), ""))
	require.Equal(t, 2, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'stock'`))
}

func TestEventsAskForALookAtWhatIsUnmanaged(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	event := func(id, source, region string) aegis.CloudEvent {
		return aegis.CloudEvent{EventID: id, Source: source, Name: "Create", Region: region, At: time.Now()}
	}
	_, err := db.SaveCloudEvents(t.Context(), []aegis.CloudEvent{
		event("1", "ec2.amazonaws.com", "eu-west-1"), event("2", "ec2.amazonaws.com", "eu-west-1"), event("3", "iam.amazonaws.com", "us-east-1"),
		event("4", "kinesis.amazonaws.com", "eu-west-1"),
	})
	require.NoError(t, err)
	require.Equal(t, 2, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'stock'`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'stock' AND args ->> 'region' = ''`))
}

func TestRemovalCorrectsItsOwnReport(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	newStack(t, db, "a")
	mine, other, changed := newReport("a", "g", time.Now()), newReport("a", "g", time.Now()), newReport("a", "g", time.Now())
	mine.Kind, other.Kind = aegis.DriftUnmanaged, aegis.DriftUnmanaged
	cs := newChangeSet("a")
	cs.Source, cs.Target.Kind = aegis.SourceDrift, aegis.TargetAWSResource
	mine.ChangeSetID = cs.ChangeSetID
	none := newReport("", "g", time.Now())
	none.Kind = aegis.DriftUnmanaged
	detect(t, db, mine, other, changed, none)
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))
	cs.PromotionState, cs.Phase = aegis.StatePromoted, aegis.PhaseDone
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{
		ChangeSet: cs, Stacks: []rollout.StackUpdate{{StackID: "a", State: aegis.StackClean}},
	}))
	for report, want := range map[string]aegis.DriftState{
		mine.DriftReportID: aegis.DriftCorrected, other.DriftReportID: aegis.DriftOpen, changed.DriftReportID: aegis.DriftOpen, none.DriftReportID: aegis.DriftOpen,
	} {
		got, err := db.DriftReport(t.Context(), report)
		require.NoError(t, err)
		require.Equal(t, want, got.State)
	}
}
