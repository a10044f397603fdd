package enginetest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// takesOver has a program import a setting that was there before: only its tags
// change, it must be what the program asks for, and it outlives its stack.
func takesOver(t *testing.T, b *bed) {
	t.Helper()
	if b.run.Stack.Kind != aegis.TargetPulumiStack {
		return // programs are Pulumi's
	}
	_, err := b.Cloud.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(b.want.Prefix + "/a"), Value: aws.String("of old"), Type: types.ParameterTypeString,
	})
	require.NoError(t, err)
	b.want.Import = map[string]bool{"a": true}
	b.run.Spec = b.want.Spec()
	_, err = b.engines.Preview(t.Context(), b.run)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	require.ErrorContains(t, err, b.Setting("a")+": the real thing differs from what the parameters ask for in value")
	require.NotContains(t, err.Error(), "of old")

	b.want.Settings = map[string]string{"a": "of old"}
	plan, _ := b.apply(t)
	require.Equal(t, aegis.ActionUpdate, actions(plan.Changes)[b.Setting("a")])
	require.Empty(t, b.preview(t).Changes, "imported, and clean")
	b.want.Settings, b.want.Import = map[string]string{}, nil
	b.apply(t)
	require.Equal(t, "of old", b.Cloud.Parameter(t, b.want.Prefix+"/a"), "it outlives the stack's interest in it")
}
