package engine

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/aegisworld/aegis"
)

func TestReadsOfAState(t *testing.T) {
	t.Parallel()
	const urn = "urn:pulumi:s::aegis::"
	provider := apitype.ResourceV3{
		URN: urn + "pulumi:providers:aws::aws", Type: "pulumi:providers:aws", ID: "p1", Custom: true,
		Inputs: map[string]any{"region": "eu-west-1", "version": "6.83.0", "__internal": map[string]any{}},
	}
	vpc := apitype.ResourceV3{
		URN: urn + "aws:ec2/vpc:Vpc::main", Type: "aws:ec2/vpc:Vpc", ID: "vpc-1", Custom: true,
		Provider: string(provider.URN) + "::p1", Inputs: map[string]any{"cidrBlock": "10.0.0.0/8"}, Outputs: map[string]any{"cidrBlock": "10.0.0.0/8"},
	}
	with := func(change func(*apitype.ResourceV3)) deployment {
		changed := vpc
		change(&changed)
		return deployment{Resources: []apitype.ResourceV3{provider, changed}}
	}
	p := &pulumiEngine{secrets: newStateSecrets(Config{SecretsProvider: "awskms://x"})}
	got, err := p.reads(t.Context(), aegis.StackRun{}, with(func(*apitype.ResourceV3) {}))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"region": "eu-west-1"}, got.config.args, "without what is the engine's own")
	require.Len(t, got.resources, 1)
	require.Equal(t, "main", got.resources[0].request.GetName())
	require.Equal(t, "vpc-1", got.resources[0].request.GetId())

	got, err = p.reads(t.Context(), aegis.StackRun{Targets: []string{"aws_vpc::other"}}, with(func(*apitype.ResourceV3) {}))
	require.NoError(t, err)
	require.Empty(t, got.resources)

	for name, d := range map[string]deployment{
		"an empty state":     {},
		"pending operations": {Resources: []apitype.ResourceV3{provider, vpc}, PendingOperations: []apitype.OperationV2{{}}},
		"another provider":   with(func(r *apitype.ResourceV3) { r.Provider = urn + "pulumi:providers:random::r::p2" }),
		"a missing provider": {Resources: []apitype.ResourceV3{vpc}},
		"several providers": {Resources: []apitype.ResourceV3{provider, vpc, func() apitype.ResourceV3 {
			other := vpc
			other.URN, other.Provider = vpc.URN+"2", "another"
			return other
		}()}},
		"a pending deletion":                   with(func(r *apitype.ResourceV3) { r.Delete = true }),
		"a pending replacement":                with(func(r *apitype.ResourceV3) { r.PendingReplacement = true }),
		"a resource that failed to initialise": with(func(r *apitype.ResourceV3) { r.InitErrors = []string{"no"} }),
		"a resource that is only read":         with(func(r *apitype.ResourceV3) { r.External = true }),
		"a secret that is not decrypted here": with(func(r *apitype.ResourceV3) {
			r.Outputs = map[string]any{"x": map[string]any{sig.Key: sig.Secret, "ciphertext": "v1:abc"}}
		}),
		"a reference": with(func(r *apitype.ResourceV3) {
			r.Inputs = map[string]any{"x": map[string]any{sig.Key: sig.ResourceReference, "urn": "x"}}
		}),
	} {
		t.Run(name+" is the engine's", func(t *testing.T) {
			t.Parallel()
			_, err := p.reads(t.Context(), aegis.StackRun{}, d)
			var why unprovenError
			require.ErrorAs(t, err, &why)
		})
	}
}

func TestReadDiffersByTheRulesOfDrift(t *testing.T) {
	t.Parallel()
	group := map[string]any{"minSize": 1.0, "maxSize": 3.0, "desiredCapacity": 1.0, "tags": []any{}, "__meta": "a"}
	for name, test := range map[string]struct {
		tfType      string
		kept, found map[string]any
		attribute   string
	}{
		"null and empty are equal":                     {"aws_vpc", map[string]any{"a": nil, "b": map[string]any{}}, map[string]any{"b": []any{}, "c": ""}, ""},
		"another value differs":                        {"aws_vpc", map[string]any{"cidrBlock": "a"}, map[string]any{"cidrBlock": "b"}, "cidr_block"},
		"another secret differs":                       {"aws_ssm_parameter", map[string]any{"value": "a"}, map[string]any{"value": "b"}, "value"},
		"a new value differs":                          {"aws_vpc", map[string]any{}, map[string]any{"x": true}, "x"},
		"scaling within bounds is equal":               {"aws_autoscaling_group", group, map[string]any{"minSize": 1.0, "maxSize": 3.0, "desiredCapacity": 2.0}, ""},
		"scaling out of bounds differs":                {"aws_autoscaling_group", group, map[string]any{"minSize": 1.0, "maxSize": 3.0, "desiredCapacity": 4.0}, "desired_capacity"},
		"the provider's private data is not looked at": {"aws_vpc", map[string]any{"__meta": "1"}, map[string]any{"__meta": "2"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := structpb.NewStruct(test.found)
			require.NoError(t, err)
			attribute, _ := pulumiRead{tfType: test.tfType}.differs(test.kept, found)
			require.Equal(t, test.attribute, attribute)
		})
	}
}

func TestSecretsAreRevealedByThePassphrase(t *testing.T) {
	t.Parallel()
	reveal := &revealer{secrets: newStateSecrets(Config{})}
	got, err := reveal.object(t.Context(), map[string]any{
		"list": []any{map[string]any{sig.Key: sig.Secret, "plaintext": `{"a":["b"]}`}},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"list": []any{map[string]any{"a": []any{"b"}}}}, got)
}

// plugin answers reads and differences.
type plugin struct {
	pulumirpc.ResourceProviderClient

	found   *pulumirpc.ReadResponse
	changes pulumirpc.DiffResponse_DiffChanges
	err     error
}

func (p plugin) Read(context.Context, *pulumirpc.ReadRequest, ...grpc.CallOption) (*pulumirpc.ReadResponse, error) {
	return p.found, p.err
}

func (p plugin) Diff(context.Context, *pulumirpc.DiffRequest, ...grpc.CallOption) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: p.changes}, nil
}

func TestWhatDiffersIsTheProvidersToJudge(t *testing.T) {
	t.Parallel()
	with := func(id, rule string) *pulumirpc.ReadResponse {
		properties, err := structpb.NewStruct(map[string]any{"ingress": rule})
		require.NoError(t, err)
		return &pulumirpc.ReadResponse{Id: id, Properties: properties}
	}
	read := pulumiRead{
		tfType: "aws_security_group", request: &pulumirpc.ReadRequest{Id: "sg-1"}, outputs: map[string]any{"ingress": "22"},
	}
	for name, test := range map[string]struct {
		plugin plugin
		clean  bool
	}{
		"nothing differs":            {plugin{found: with("sg-1", "22"), changes: pulumirpc.DiffResponse_DIFF_SOME}, true},
		"what no input sets differs": {plugin{found: with("sg-1", "80"), changes: pulumirpc.DiffResponse_DIFF_NONE}, true},
		"an update would change it":  {plugin{found: with("sg-1", "80"), changes: pulumirpc.DiffResponse_DIFF_SOME}, false},
		"the provider does not know": {plugin{found: with("sg-1", "80")}, false},
		"it is gone":                 {plugin{found: &pulumirpc.ReadResponse{}}, false},
		"it is another":              {plugin{found: with("sg-2", "22")}, false},
		"it can't be read":           {plugin{err: status.Error(codes.Unknown, "api error AccessDenied: no")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := read.compare(t.Context(), test.plugin)
			if test.clean {
				require.NoError(t, err)
				return
			}
			var why unprovenError
			require.ErrorAs(t, err, &why)
		})
	}
	err := read.compare(t.Context(), plugin{err: status.Error(codes.Unknown, "api error Throttling: Rate exceeded")})
	require.ErrorIs(t, err, aegis.ErrUnavailable)
}
