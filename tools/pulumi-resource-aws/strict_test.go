package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
)

func encode(t *testing.T, properties map[string]any) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(properties),
		plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	require.NoError(t, err)
	return encoded
}

func TestCheckRefusesUnknownProperties(t *testing.T) {
	t.Parallel()
	served, err := newBridge(t).instance(t.Context(), nil)
	require.NoError(t, err)
	rule := func(extra string) map[string]any {
		return map[string]any{"protocol": "tcp", "fromPort": 443, "toPort": 443, extra: []any{"10.0.0.0/8"}}
	}
	for name, test := range map[string]struct {
		token  string
		inputs map[string]any
		want   []string
	}{
		"accepts what it knows": {
			"aws:ec2/securityGroup:SecurityGroup",
			map[string]any{"description": "web", "ingress": []any{rule("cidrBlocks")}, "tags": map[string]any{"any": "key"}},
			nil,
		},
		"accepts secrets and unknown values": {
			"aws:ssm/parameter:Parameter", map[string]any{
				"name": resource.MakeSecret(resource.NewStringProperty("/a")), "type": "String",
				"value": resource.MakeComputed(resource.NewStringProperty("")),
			}, nil,
		},
		"names an unknown property": {
			"aws:sqs/queue:Queue", map[string]any{"delaySecond": 3, "fifo": true}, []string{"delaySecond", "fifo"},
		},
		"names one in a list": {
			"aws:ec2/securityGroup:SecurityGroup",
			map[string]any{"ingress": []any{rule("cidrBlocks"), rule("cidrs")}},
			[]string{"ingress[1].cidrs"},
		},
		"names one in an object": {
			"aws:s3/bucketVersioningV2:BucketVersioningV2",
			map[string]any{"bucket": "b", "versioningConfiguration": map[string]any{"Status": "Enabled"}},
			[]string{"versioningConfiguration.Status"},
		},
		"refuses outputs": {
			"aws:ec2/vpc:Vpc",
			map[string]any{"cidrBlock": "10.0.0.0/16", "arn": "arn:aws:ec2", "tagsAll": map[string]any{}},
			[]string{"arn", "tagsAll"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, err := served.Check(t.Context(), &pulumirpc.CheckRequest{
				Urn:        string(resource.NewURN("test", "aegis", "", resourceType(test.token), "it")),
				News:       encode(t, test.inputs),
				RandomSeed: make([]byte, 32),
			})
			require.NoError(t, err)
			var named []string
			for _, failure := range response.GetFailures() {
				named = append(named, failure.GetProperty())
				require.Contains(t, failure.GetReason(), failure.GetProperty())
			}
			require.Equal(t, test.want, named)
		})
	}
}

func TestInvokeRefusesUnknownArguments(t *testing.T) {
	t.Parallel()
	served, err := newBridge(t).instance(t.Context(), nil)
	require.NoError(t, err)
	response, err := served.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok:  "aws:ec2/getAmi:getAmi",
		Args: encode(t, map[string]any{"mostRecent": true, "filters": []any{map[string]any{"name": "name", "value": "x"}}}),
	})
	require.NoError(t, err)
	require.Len(t, response.GetFailures(), 1)
	require.Equal(t, "filters[0].value", response.GetFailures()[0].GetProperty())
}
