package stacks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

type policyStatement struct {
	Sid, Effect      string
	Action, Resource []string
	Condition        map[string]map[string]any
}

// policyNamed are the statements of the managed policy with this name.
func policyNamed(t *testing.T, all []declared, name string) []policyStatement {
	t.Helper()
	for _, policy := range of(t, all, "aws_iam_policy") {
		if policy.inputs["name"].StringValue() != name {
			continue
		}
		var document struct{ Statement []policyStatement }
		require.NoError(t, json.Unmarshal([]byte(policy.inputs["policy"].StringValue()), &document))
		return document.Statement
	}
	return nil
}

// TestStoresPolicyAllowsNoMore holds the rights of the control plane in its stores,
// word by word.
func TestStoresPolicyAllowsNoMore(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerSecurity, `{"stores":{"bucket":"artifacts","prefix":"control","stream":"events","search_domain":"telemetry"}}`))
	account := strings.Split(policyNamed(t, all, "aegis-dev-us-east-1-stores")[2].Resource[0], ":")[4]
	bucket, domain := "arn:aws:s3:::aegis-dev-artifacts-"+account+"-us-east-1", "arn:aws:es:us-east-1:"+account+":domain/aegis-dev-telemetry"
	require.Equal(t, []policyStatement{
		{"Artifacts", "Allow", []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, []string{bucket + "/control/*"}, nil},
		{"ListArtifacts", "Allow", []string{"s3:ListBucket"}, []string{bucket}, map[string]map[string]any{"StringLike": {"s3:prefix": "control/*"}}},
		{"Events", "Allow", []string{"kinesis:PutRecords"}, []string{"arn:aws:kinesis:us-east-1:" + account + ":stream/aegis-dev-events"}, nil},
		{"DataKey", "Allow", []string{"kms:Decrypt", "kms:GenerateDataKey"}, []string{"arn:aws:test:data"}, map[string]map[string]any{
			"StringEquals": {"kms:ViaService": []any{"s3.us-east-1.amazonaws.com", "kinesis.us-east-1.amazonaws.com"}},
		}},
		{"Index", "Allow", []string{"es:ESHttpPost"}, []string{domain + "/aegis.dev.*/_bulk"}, nil},
		{"Templates", "Allow", []string{"es:ESHttpPut"}, []string{domain + "/_index_template/aegis.dev.*"}, nil},
		{"OldIndices", "Allow", []string{"es:ESHttpGet"}, []string{domain + "/_cat/indices/aegis.dev.*"}, nil},
		{"RemoveOld", "Allow", []string{"es:ESHttpDelete"}, []string{domain + "/aegis.dev.*"}, nil},
	}, policyNamed(t, all, "aegis-dev-us-east-1-stores"))

	one := policyNamed(t, declare(t, specOf(t, aegis.LayerSecurity, `{"stores":{"bucket":"artifacts"}}`)), "aegis-dev-us-east-1-stores")
	require.Equal(t, []string{bucket + "/*"}, one[0].Resource)
	require.Len(t, one, 3)
	require.Empty(t, policyNamed(t, declare(t, specOf(t, aegis.LayerSecurity, `{}`)), "aegis-dev-us-east-1-stores"), "only on demand")
}

// TestBoundaryCoversTheStores holds that a role with the estate's boundary may do
// what the policy says.
func TestBoundaryCoversTheStores(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerSecurity, `{"stores":{"bucket":"artifacts","stream":"events","search_domain":"telemetry"}}`))
	boundary := policyNamed(t, all, "aegis-dev-us-east-1-boundary")
	for _, statement := range policyNamed(t, all, "aegis-dev-us-east-1-stores") {
		for _, action := range statement.Action {
			require.True(t, slices.ContainsFunc(boundary[0].Action, func(allowed string) bool {
				return strings.HasPrefix(action, strings.TrimSuffix(allowed, "*"))
			}), action)
		}
	}
}

func TestValidateStores(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ stores, field, message string }{
		"nothing":         {`{}`, "parameters.stores", "names neither"},
		"a pattern":       {`{"bucket":"*"}`, "parameters.stores.bucket", "is not the name"},
		"a pattern below": {`{"bucket":"artifacts","prefix":"a*"}`, "parameters.stores.prefix", "pattern"},
		"a slash":         {`{"bucket":"artifacts","prefix":"a/"}`, "parameters.stores.prefix", "without a slash"},
		"a prefix alone":  {`{"stream":"events","prefix":"a"}`, "parameters.stores.prefix", "is a part of bucket"},
		"an unknown name": {`{"cache":"hot"}`, "parameters.stores.cache", "is not a known name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFault(t, stacks.Validate(specOf(t, aegis.LayerSecurity, `{"stores":`+test.stores+`}`)), test.field, test.message)
		})
	}
	_, err := stacks.Plan{
		Size: stacks.SizeSmall, Environment: "dev", Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"},
		Layers: map[string]json.RawMessage{aegis.LayerSecurity: json.RawMessage(`{"stores":{"bucket":"artifacts","search_domain":"telemetry"}}`)},
	}.Specs()
	requireFault(t, err, "dev.security.us-east-1.parameters.stores.search_domain", "has none of the name")
	require.NotContains(t, err.Error(), "stores.bucket")
}
