package engine

import (
	"os"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestSnake(t *testing.T) {
	t.Parallel()
	for camel, want := range map[string]string{
		"cidrBlock": "cidr_block", "enableDnsHostnames": "enable_dns_hostnames", "kmsKeyARN": "kms_key_arn",
		"ipv6CidrBlock": "ipv6_cidr_block", "a": "a", "": "", "already_snake": "already_snake", "VPCId": "vpc_id",
	} {
		require.Equal(t, want, snake(camel), camel)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.String().Draw(rt, "name")
		require.Equal(rt, snake(s), snake(snake(s)))
	})
}

func TestTerraformType(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		"aws:ec2/vpc:Vpc":                                           "aws_vpc",
		"aws:s3/bucketV2:BucketV2":                                  "aws_s3_bucket",
		"aws:lb/targetGroup:TargetGroup":                            "aws_lb_target_group",
		"aws:lb/loadBalancer:LoadBalancer":                          "aws_lb",
		"aws:rds/globalCluster:GlobalCluster":                       "aws_rds_global_cluster",
		"aws:cloudwatch/eventRule:EventRule":                        "aws_cloudwatch_event_rule",
		"aws:cloudwatch/metricAlarm:MetricAlarm":                    "aws_cloudwatch_metric_alarm",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "aws_s3_bucket_server_side_encryption_configuration",
		"aws:autoscaling/group:Group":                            "aws_autoscaling_group",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":      "aws_iam_role_policy_attachment",
		"aws:dynamodb/table:Table":                               "aws_dynamodb_table",
		"comp:x:Y$aws:ec2/subnet:Subnet":                         "aws_subnet",
		"kubernetes:core/v1:Pod":                                 "kubernetes:core/v1:Pod",
		"aws:cfg/recorderStatus:RecorderStatus":                  "aws_config_configuration_recorder_status",
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider":    "aws_iam_openid_connect_provider",
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
	} {
		require.Equal(t, want, terraformType(token))
	}
}

func TestAddressOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, "aws_vpc::main", addressOf("urn:pulumi:dev.network.eu-west-1::aegis::aws:ec2/vpc:Vpc::main"))
	require.Equal(t, "my:c:C$aws_vpc::a::b", addressOf("urn:pulumi:s::p::my:c:C$aws:ec2/vpc:Vpc::a::b"))
	require.NotPanics(t, func() { addressOf("") })
}

func TestNormaliser(t *testing.T) {
	t.Parallel()
	n := normaliser{tfType: "aws_lambda_function"}
	got := n.object(map[string]any{
		"__defaults":     []any{},
		"functionName":   "f",
		"nothing":        nil,
		"roleArn":        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
		"apiToken":       map[string]any{sig.Key: sig.Secret, "ciphertext": "[secret]"},
		"masterPassword": "clear",
		"environment": map[string]any{
			"variables": map[string]any{"camelCase": "kept", "secretOne": map[string]any{sig.Key: sig.Secret}},
		},
		"tags":  map[string]any{"aegis:stackName": "x"},
		"list":  []any{map[string]any{"subnetId": "s"}, "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"},
		"known": map[string]any{sig.Key: sig.OutputValue, "value": "v"},
	})
	require.Equal(t, map[string]any{
		"function_name": "f", "api_token": aegis.Masked, "master_password": aegis.Masked,
		"environment": map[string]any{"variables": map[string]any{"camelCase": "kept", "secretOne": aegis.Masked}},
		"tags":        map[string]any{"aegis:stackName": "x"},
		"list":        []any{map[string]any{"subnet_id": "s"}, nil},
		"known":       "v",
	}, got)
	require.ElementsMatch(t, []string{"role_arn", "list.1"}, n.unknown)
	require.ElementsMatch(t, []string{"api_token", "master_password", "environment.variables.secretOne"}, n.sensitive)
}

func TestMasker(t *testing.T) {
	t.Parallel()
	m := masker{tfType: "aws_thing"}
	got := m.object(
		map[string]any{"a": "x", "b": nil, "c": []any{"p", "q"}, "d": map[string]any{"e": "s"}, "password": "w"},
		map[string]any{"a": true, "c": []any{false, true}, "d": true})
	require.Equal(t, map[string]any{
		"a": aegis.Masked, "c": []any{"p", aegis.Masked}, "d": aegis.Masked, "password": aegis.Masked,
	}, got)
	require.ElementsMatch(t, []string{"a", "c.1", "d", "password"}, m.sensitive)
	require.Equal(t, []string{"a.b"}, truePaths("", map[string]any{"a": map[string]any{"b": true}, "c": false}))
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	c := aegis.ResourceChange{
		Type: "aws_x", Before: map[string]any{"id": "i", "tags": nil, "n": 1.0, "gone": "x"},
		After: map[string]any{"id": "i", "tags": map[string]any{}, "n": 1.0, "gone": "", "list": []any{}},
	}
	d, ok := differing(c, nil)
	require.True(t, ok)
	require.Equal(t, map[string]any{"id": "i", "gone": "x"}, d.Before)

	c.After["gone"] = "x"
	_, ok = differing(c, nil)
	require.False(t, ok, "null and empty are the same")

	c.Before["p"], c.After["p"], c.Sensitive = aegis.Masked, aegis.Masked, []string{"p"}
	d, ok = differing(c, []string{"p"})
	require.True(t, ok, "a masked attribute that the provider says differs")
	require.Equal(t, []string{"p"}, d.Sensitive)
}

func TestDesiredCapacityWithinBoundsIsNoDrift(t *testing.T) {
	t.Parallel()
	group := func(desired float64) map[string]any {
		return map[string]any{"min_size": 1.0, "max_size": 4.0, "desired_capacity": desired}
	}
	_, ok := differing(aegis.ResourceChange{Type: "aws_autoscaling_group", Before: group(2), After: group(4)}, nil)
	require.False(t, ok)
	_, ok = differing(aegis.ResourceChange{Type: "aws_autoscaling_group", Before: group(2), After: group(5)}, nil)
	require.True(t, ok)
}

func TestScrub(t *testing.T) {
	t.Parallel()
	spec := aegis.Spec{Parameters: []byte(`{"db_password":"opensesame","name":"frontdoor","list":[{"hidden":"in the plan as a secret"}]}`)}
	got := scrub("opensesame AKIAIOSFODNN7EXAMPLE postgres://u:pw@h/d token=abc frontdoor", secretValues(spec, ""))
	for _, secret := range []string{"opensesame", "AKIAIOSFODNN7EXAMPLE", ":pw@", "abc"} {
		require.NotContains(t, got, secret)
	}
	require.Contains(t, got, "frontdoor")
	got = scrub("c::main: violates plan: properties changed: ++masterPassword[{&{{NG5C}}}!={&{{WQKK}}}]", nil)
	require.Equal(t, "c::main: violates plan: properties changed: "+aegis.Masked, got)
	require.Contains(t, secretValues(spec, `"frontdoor"`), "in the plan as a secret")
	require.NotContains(t, secretValues(spec, `"frontdoor"`), "frontdoor")
}

func TestPartOf(t *testing.T) {
	t.Parallel()
	judged := aegis.ResourceChange{
		Action: aegis.ActionCreate, After: map[string]any{"name": "n", "size": 2.0}, Unknown: []string{"arn", "block.0.id"},
	}
	c := aegis.ResourceChange{Action: aegis.ActionUpdate, After: map[string]any{"name": "n", "size": 2.0, "arn": "a", "block": []any{"x"}}}
	require.True(t, partOf(c, judged), "what was unknown may be known now")
	c.After["size"] = 3.0
	require.False(t, partOf(c, judged))
	require.False(t, partOf(aegis.ResourceChange{Action: aegis.ActionDelete}, judged))
	judged.Action = aegis.ActionUpdate
	require.False(t, partOf(aegis.ResourceChange{Action: aegis.ActionReplace, After: judged.After}, judged))
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for msg, want := range map[string]error{
		"creating SSM Parameter (/x): operation error SSM: PutParameter, https response error StatusCode: 400, api error AccessDenied: no": aegis.ErrProvider,
		"the stack is currently locked by 1 lock(s)":                                                           aegis.ErrUnavailable,
		"Error acquiring the state lock":                                                                       aegis.ErrUnavailable,
		"creating EC2 VPC: operation error EC2: CreateVpc, api error RequestLimitExceeded: slow down":          aegis.ErrUnavailable,
		"reading KMS Key (k): request send failed, dial tcp 127.0.0.1:1: connect: connection refused":          aegis.ErrUnavailable,
		"creating EC2 Subnet: waiting for completion: unexpected state 'failed', wanted target 'available': x": aegis.ErrProvider,
		"a: api error Throttling: x; b: api error InvalidParameter: y":                                         aegis.ErrProvider,
	} {
		require.ErrorIs(t, classify(msg), want)
	}
	err := classify("exec: no such file")
	require.NotErrorIs(t, err, aegis.ErrProvider)
	require.Equal(t, "b\nc", lastLines("a\n\nb\n c \n", 2))
}

func FuzzPlainState(f *testing.F) {
	f.Add([]byte(`{"version":3,"checkpoint":{"latest":{"resources":[{"urn":"u","type":"t"}]}}}`))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, err := plainState(data)
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrStateCorrupt)
			return
		}
		if _, _, err := parse(plain); err != nil {
			require.ErrorIs(t, err, aegis.ErrStateCorrupt)
		}
		if _, err := decodeState(plain); err != nil {
			require.ErrorIs(t, err, aegis.ErrStateCorrupt)
		}
	})
}

func TestStateIntegrity(t *testing.T) {
	t.Parallel()
	state := func(resources string) []byte {
		return []byte(`{"version":3,"checkpoint":{"latest":{"resources":[` + resources + `]}}}`)
	}
	a := `{"urn":"urn:pulumi:s::p::t::a","type":"t"}`
	for _, bad := range []string{
		a + "," + a,
		`{"urn":"urn:pulumi:s::p::t::b","type":"t","parent":"urn:pulumi:s::p::t::a"}`,
		a + `,{"urn":"urn:pulumi:s::p::t::b","type":"t","dependencies":["urn:pulumi:s::p::t::c"]}`,
		`{"type":"t"}`,
	} {
		_, _, err := parse(state(bad))
		require.ErrorIs(t, err, aegis.ErrStateCorrupt, bad)
	}
	_, d, err := parse(state(a + `,{"urn":"urn:pulumi:s::p::t::a","type":"t","delete":true}`))
	require.NoError(t, err)
	require.Len(t, d.Resources, 2)

	known, err := decodeState([]byte(`{"version":4,"lineage":"l","resources":[
		{"mode":"managed","type":"aws_x","name":"a","instances":[{"index_key":"k"},{"index_key":1}]},
		{"module":"module.m","mode":"managed","type":"aws_x","name":"b","instances":[{}]}]}`))
	require.NoError(t, err)
	require.Equal(t, 3, known.managed())
	require.Equal(t, map[string]bool{`aws_x.a["k"]`: true, "aws_x.a[1]": true, "module.m.aws_x.b": true}, known.addresses)
	_, err = decodeState([]byte(`{"version":4,"lineage":"l","resources":[
		{"mode":"managed","type":"aws_x","name":"a","instances":[{},{}]}]}`))
	require.ErrorIs(t, err, aegis.ErrStateCorrupt)
}

func TestLocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	info, ok := complained("terraform plan: Error acquiring the state lock: ConditionalCheckFailed\n\nLock Info:\n" +
		"  ID:        6b3c-1\n  Path:      states/dns\n  Operation: OperationTypeApply\n  Who:       ann@laptop\n" +
		"  Version:   1.11.4\n  Created:   2026-03-01 11:48:00.5 +0000 UTC\n  Info:      \n")
	require.True(t, ok)
	err := error(locked(info, now))
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.EqualError(t, err, "the state is locked by ann@laptop for 12m0s (since 2026-03-01 11:48:00.5 +0000 UTC), "+
		"operation OperationTypeApply, lock id 6b3c-1")
	_, ok = complained("something with ID: 5")
	require.False(t, ok)
	require.Equal(t, "ab", clean("a\x1b\nb"), "what others wrote is shown without control characters")
}

func TestOurLocksAreToldFromOthers(t *testing.T) {
	t.Parallel()
	w := &tfWorkspace{id: "0123", place: tfPlace{dir: t.TempDir()}, run: aegis.StackRun{FencingToken: 7}}
	require.NoError(t, os.Mkdir(w.place.marks(), 0o700))
	require.True(t, w.ours(aegis.StateLock{Who: "aegis-0123-6@other"}), "that of an older lease")
	require.False(t, w.ours(aegis.StateLock{Who: "aegis-0123-8@other"}), "that of a younger one")
	require.False(t, w.ours(aegis.StateLock{Who: "aegis-4567-6@other"}), "that of another stack")
	foreign := aegis.StateLock{Who: "ann@" + hostname(), Created: "2026-03-01T12:00:00Z"}
	require.False(t, w.ours(foreign))
	since := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	require.NoError(t, w.remember(func(m *mark) { m.Lock = &ownLock{Who: "ann", Since: since} }))
	require.True(t, w.ours(foreign), "a run of this user on this machine was cut off before")
	require.False(t, w.ours(aegis.StateLock{Who: "ann@laptop", Created: "2026-03-01T12:00:00Z"}), "elsewhere")
	require.False(t, w.ours(aegis.StateLock{Who: foreign.Who, Created: "2026-03-01T10:00:00Z"}), "earlier")
	w.run.FencingToken = 0
	require.False(t, w.ours(foreign), "no lease, no proof")
}

func TestANewerStateIsNotCorrupt(t *testing.T) {
	t.Parallel()
	_, err := decodeState([]byte(`{"version":5,"lineage":"l"}`))
	require.NotErrorIs(t, err, aegis.ErrStateCorrupt, "else an old snapshot would replace it")
	require.ErrorContains(t, err, "format version 5")
}

func TestBackendHCL(t *testing.T) {
	t.Parallel()
	got := string(backendHCL(map[string]string{"key": `a"b`, "bucket": "${x}"}))
	require.Equal(t, "bucket = \"$${x}\"\nkey = \"a\\\"b\"\n", got)
}
