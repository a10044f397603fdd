package stacks_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func TestFinalSnapshotsAreNamedOncePerMaking(t *testing.T) {
	t.Parallel()
	spec := specOf(t, aegis.LayerData, `{"databases":{"main":{"engine_version":"16.6","instance_class":"db.r6g.large","instances":1,
		"database":"aegis","backup_days":7,"deletable":true}}}`)
	snapshot := func(program pulumi.RunFunc) string {
		engine := &recorder{}
		require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks(stacks.Project, stacks.StackID(spec), engine)))
		name := of(t, engine.resources, "aws_rds_cluster")[0].inputs["finalSnapshotIdentifier"]
		require.True(t, name.IsSecret(), "masked in plans, so that each worker plans the same")
		return name.SecretValue().Element.StringValue()
	}
	once, err := stacks.Program(spec)
	require.NoError(t, err)
	again, err := stacks.Program(spec)
	require.NoError(t, err)

	first := snapshot(once)
	require.Regexp(t, `^[a-z](-?[a-z0-9])+-final-[a-z0-9]{12}$`, first)
	require.Equal(t, first, snapshot(once), "a plan and its apply")
	require.NotEqual(t, first, snapshot(again), "made again")
}
