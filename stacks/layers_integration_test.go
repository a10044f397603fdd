package stacks_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// life takes a stack through its life by real engine and plugin: it is made,
// clean, found and healthy, then changed by a patch, clean again, and destroyed.
type life struct {
	*account

	connected *cloud.Cloud
	prices    *pricing.Table
}

func newLife(t *testing.T, a *account) life {
	t.Helper()
	prices, err := pricing.Load()
	require.NoError(t, err)
	return life{account: a, connected: a.connect(t), prices: prices}
}

// make applies a spec with the keys that a change set would have.
func (l life) make(t *testing.T, spec aegis.Spec) {
	t.Helper()
	stack := l.stack(t, spec)
	require.NoError(t, assume(t.Context(), l.connected, stack, &aegis.ExecutionPolicy{}))
	_, err := stack.Up(t.Context(), optup.SuppressProgress())
	require.NoError(t, err)
}

// still proves that a stack is clean, found, priced and healthy.
func (l life) still(t *testing.T, spec aegis.Spec) {
	t.Helper()
	stack := l.stack(t, spec)
	require.NoError(t, assume(t.Context(), l.connected, stack, nil))
	require.NoError(t, clean(t.Context(), stack))
	require.NoError(t, checkAdapter(t.Context(), l.connected, l.prices, stack))
}

func (l life) end(t *testing.T, spec aegis.Spec) {
	t.Helper()
	stack := l.stack(t, spec)
	require.NoError(t, assume(t.Context(), l.connected, stack, &aegis.ExecutionPolicy{}))
	require.NoError(t, destroyed(t.Context(), stack))
}

func destroyed(ctx context.Context, stack auto.Stack) error {
	_, err := stack.Destroy(ctx, optdestroy.SuppressProgress())
	return err
}

// patched is a spec with its parameters changed.
func patched(t *testing.T, spec aegis.Spec, patch string) aegis.Spec {
	t.Helper()
	spec.Parameters = with(t, spec.Parameters, patch)
	require.NoError(t, stacks.Validate(spec))
	return spec
}

// oneRegion are the small estate's specs of its first region, by layer.
func oneRegion(t *testing.T, regions ...string) map[string]aegis.Spec {
	t.Helper()
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", regions)
	require.NoError(t, err)
	byLayer := map[string]aegis.Spec{}
	for _, spec := range specs {
		if spec.Region == regions[0] {
			byLayer[spec.Layer] = spec
		}
	}
	return byLayer
}

// watched is what layer security can watch with.
const watched = `{"trail":{"retention_days":365},"recorder":{"frequency":"CONTINUOUS","snapshot_hours":24,"retention_days":90},
	"threat_detection":{"finding_minutes":15},"access_analyzer":true,
	"security_hub":{"standards":["aws-foundational-security-best-practices/1.0.0"],"auto_enable_controls":true},
	"web_acl":{"managed_rules":["AWSManagedRulesCommonRuleSet","AWSManagedRulesKnownBadInputsRuleSet"],"rate_limit":2000},
	"stores":{"bucket":"artifacts","prefix":"control","stream":"events","search_domain":"telemetry"}}`

func TestWatchersLive(t *testing.T) {
	t.Parallel()
	l := newLife(t, newAccount(t, "eu-west-1"))
	spec := patched(t, oneRegion(t, "eu-west-1")[aegis.LayerSecurity], watched)
	l.make(t, spec)
	l.still(t, spec)
	spec = patched(t, spec, `{"recorder":{"frequency":"DAILY","snapshot_hours":12},"threat_detection":{"finding_minutes":60},
		"security_hub":{"standards":["cis-aws-foundations-benchmark/3.0.0"],"auto_enable_controls":false},
		"web_acl":{"managed_rules":["AWSManagedRulesCommonRuleSet"],"rate_limit":500},"stores":{"search_domain":null}}`)
	l.make(t, spec)
	l.still(t, spec)
	l.end(t, spec)
}

func TestImagesAndLoadBalancerLive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1", "us-east-1")
	l := newLife(t, a)
	specs := oneRegion(t, "eu-west-1", "us-east-1")
	l.make(t, patched(t, specs[aegis.LayerSecurity], `{"web_acl":{"managed_rules":[],"rate_limit":1000}}`))
	l.make(t, specs[aegis.LayerNetwork])
	edge := patched(t, specs[aegis.LayerEdge], `{"balanced":true}`)
	l.make(t, edge)
	l.still(t, edge)
	spec := patched(t, specs[aegis.LayerRuntime], `{"node_min":0,"node_desired":0,"node_max":1,
		"repositories":{"app":{"keep_images":50,"untagged_days":7}},"replicate_images_to":["us-east-1"],
		"load_balancer":{"client_cidrs":["0.0.0.0/0"],"target_port":8443,
		"health_path":"/healthz","drain_seconds":30,"web_acl":true}}`)
	l.make(t, spec)
	l.still(t, spec)
	spec = patched(t, spec, `{"repositories":{"app":{"keep_images":20},"tools":{"keep_images":5,"untagged_days":1}},
		"load_balancer":{"client_cidrs":["10.0.0.0/8"],"health_path":"/ready","drain_seconds":60}}`)
	l.make(t, spec)
	l.still(t, spec)
	l.end(t, spec)
	l.end(t, edge)
}

func TestDistributionLive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "us-east-1")
	l := newLife(t, a)
	specs := oneRegion(t, "us-east-1")
	edge := patched(t, specs[aegis.LayerEdge], `{"balanced":true,"distribution":{"name":"www","cached_paths":["/static/*"],"price_class":"100",
		"web_acl":{"managed_rules":["AWSManagedRulesCommonRuleSet"],"rate_limit":1000}}}`)
	l.make(t, edge)
	l.still(t, edge)
	edge = patched(t, edge, `{"distribution":{"cached_paths":["/static/*","/media/*"],"price_class":"all"}}`)
	l.make(t, edge)
	l.still(t, edge)
	l.end(t, edge)
}

// A cluster is made with all that belongs to it, goes to the next version with its
// nodes, and goes away; nothing is left in EKS.
func TestClusterLive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1")
	l := newLife(t, a)
	specs := oneRegion(t, "eu-west-1")
	roles := patched(t, specs[aegis.LayerSecurity], clusterRoles)
	l.make(t, roles)
	l.still(t, roles)
	l.make(t, specs[aegis.LayerNetwork])
	spec := patched(t, specs[aegis.LayerRuntime], clustered(`{"version":"1.32",
		"admins":["arn:aws:iam::123456789012:role/aegis-dev-eu-west-1-node"]}`))
	spec = patched(t, spec, `{"node_min":0,"node_desired":0,"node_max":1,
		"clusters":{"main":{"node_groups":{"a":{"instance_types":["m5.large"]}}}}}`)
	l.make(t, spec)
	l.still(t, spec)
	spec = patched(t, spec, `{"clusters":{"main":{"version":"1.33","public_cidrs":["192.0.2.0/24"],"executor_admin":null,
		"addon_versions":{"coredns":"v1.12.1-eksbuild.2"},"node_groups":{"a":{"desired":3,"volume_gib":60}}}}}`)
	l.make(t, spec)
	l.still(t, spec)
	l.end(t, spec)
	client := eks.New(eks.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(a.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(a.AdminAccessKeyID, a.AdminSecretAccessKey, ""),
	})
	left, err := client.ListClusters(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, left.Clusters)
}
