package engine

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// imports records the events of the preview of an import, as the engine sends them:
// the import, and then what is to change of the thing.
func imports(next apitype.OpType, diffs ...string) *recording {
	const urn = "urn:pulumi:dev.network.eu-west-1::aegis::aws:ec2/vpc:Vpc::main"
	asked := &apitype.StepEventStateMetadata{Custom: true, Inputs: map[string]any{"cidrBlock": "10.11.0.0/16", "enableDnsSupport": true, "tags": map[string]any{"a": "b"}}}
	is := &apitype.StepEventStateMetadata{Custom: true, ID: "vpc-1", Inputs: map[string]any{"cidrBlock": "10.10.0.0/16"}}
	step := func(op apitype.OpType, before, after *apitype.StepEventStateMetadata) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{URN: urn, Type: "aws:ec2/vpc:Vpc", Op: op, Old: before, New: after, Diffs: diffs}
	}
	r := newRecording(aegis.StackRun{})
	r.record(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step(apitype.OpImport, nil, asked)}})
	r.record(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: step(apitype.OpImport, is, is)}})
	if next != "" {
		r.record(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step(next, is, asked)}})
		r.record(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: step(next, is, asked)}})
	}
	return r
}

func TestAnImportIsAnUpdateOfWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*recording{"tagged": imports(apitype.OpUpdate, "tags", "tagsAll"), "as it is": imports("")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, r.mismatch())
			changes := r.plan(nil).Changes
			require.Len(t, changes, 1)
			require.Equal(t, aegis.ActionUpdate, changes[0].Action)
			require.Equal(t, "aws_vpc::main", changes[0].Address)
			require.Equal(t, "10.10.0.0/16", changes[0].Before["cidr_block"], "what is there")
			require.Equal(t, name == "tagged", changes[0].After["tags"] != nil)
		})
	}
}

func TestAnImportOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	for _, op := range []apitype.OpType{apitype.OpReplace, apitype.OpUpdate} {
		err := imports(op, "arn", "cidrBlock", "enableDnsSupport", "id", "tags").mismatch()
		require.ErrorIs(t, err, aegis.ErrInvalid)
		require.ErrorContains(t, err, "parameters.import.aws_vpc::main: the real thing differs from what the parameters ask for in cidr_block, enable_dns_support")
		require.NotContains(t, err.Error(), "arn", "which follows from the rest")
	}
}
