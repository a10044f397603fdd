package agent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
)

const everywhere = "us-east-1 eu-west-1 ap-southeast-1"

// phrasing is a text and the patch that it comes to on the small estate, in
// each of the regions. An empty patch means that nothing is to be done.
type phrasing struct{ intent, layer, regions, patch string }

func runtimePhrasings() []phrasing {
	const four = `{"node_min": 4, "node_desired": 4}`
	return []phrasing{
		{"scale the runtime in eu-west-1 to 4 nodes", "runtime", "eu-west-1", four},
		{"Scale the runtime in eu-west-1 to four nodes.", "runtime", "eu-west-1", four},
		{"please scale the runtime to 4 nodes in Ireland", "runtime", "eu-west-1", four},
		{"could you scale our runtime in Ireland to 4 servers?", "runtime", "eu-west-1", four},
		{"SCALE THE RUNTIME IN EU-WEST-1 TO 4 NODES!", "runtime", "eu-west-1", four},
		{"in eu-west-1, scale the runtime to 4", "runtime", "eu-west-1", four},
		{"scale the eu-west-1 runtime to 4 nodes", "runtime", "eu-west-1", four},
		{"scale eu-west-1 to 4 nodes", "runtime", "eu-west-1", four},
		{"scale up the runtime to 4 nodes, in eu-west-1", "runtime", "eu-west-1", four},
		{"resize the fleet in Dublin to 4", "runtime", "eu-west-1", four},
		{"set the number of nodes to 4 in eu-west-1", "runtime", "eu-west-1", four},
		{"set desired capacity to 4 in eu-west-1", "runtime", "eu-west-1", four},
		{"bring the cluster up to 4 machines in the eu-west-1 region", "runtime", "eu-west-1", four},
		{"run 4 instances in europe", "runtime", "eu-west-1", four},
		{"we need 4 nodes in eu-west-1", "runtime", "eu-west-1", four},
		{"4 nodes in eu-west-1", "runtime", "eu-west-1", four},
		{"I want to scale the auto scaling group in eu-west-1 to 4", "runtime", "eu-west-1", four},
		{"scale the runtime to 4 nodes in regions eu-west-1 and ap-southeast-1", "runtime", "eu-west-1 ap-southeast-1", four},
		{"scale the runtime to 4 nodes in Ireland, Singapore", "runtime", "eu-west-1 ap-southeast-1", four},
		{"scale the runtime to 4 nodes in Virginia, Ireland and Singapore", "runtime", everywhere, four},
		{"scale the runtime to 4 nodes in northern Virginia", "runtime", "us-east-1", four},
		{"scale the runtime to 4 nodes everywhere", "runtime", everywhere, four},
		{"scale the runtime to 4 nodes in all regions", "runtime", everywhere, four},
		{"scale the runtime to 4 nodes across all three regions", "runtime", everywhere, four},
		{"scale the runtime to 4 nodes", "runtime", everywhere, four},
		{"scale the runtime to 4 nodes everywhere except us-east-1", "runtime", "eu-west-1 ap-southeast-1", four},
		{"scale the runtime to 4 nodes in every region but not in Singapore and Ireland", "runtime", "us-east-1", four},
		{"scale the runtime to 8 nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 8, "node_desired": 8, "node_max": 8}`},
		{"scale the runtime to a dozen nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 12, "node_desired": 12, "node_max": 12}`},
		{"scale the runtime to twenty five nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 25, "node_desired": 25, "node_max": 25}`},
		{"scale the runtime to twenty-five nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 25, "node_desired": 25, "node_max": 25}`},
		{"scale the runtime to one hundred nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 100, "node_desired": 100, "node_max": 100}`},
		{"scale the runtime to 2 nodes", "runtime", everywhere, ""},
		{"add 2 nodes in eu-west-1", "runtime", "eu-west-1", four},
		{"add two more nodes to the runtime in eu-west-1", "runtime", "eu-west-1", four},
		{"add a couple of nodes to eu-west-1", "runtime", "eu-west-1", four},
		{"2 more servers in eu-west-1", "runtime", "eu-west-1", four},
		{"scale the runtime up by 2 in eu-west-1", "runtime", "eu-west-1", four},
		{"scale out by 2 nodes in eu-west-1", "runtime", "eu-west-1", four},
		{"increase the fleet by 100% in eu-west-1", "runtime", "eu-west-1", four},
		{"grow the fleet by 50 percent in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3}`},
		{"remove a node in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"add a node to the runtime in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3}`},
		{"remove one node from the runtime in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"remove 1 node from eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"scale the runtime down by one in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"1 fewer node in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"shrink the fleet by 50 % in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1, "node_desired": 1}`},
		{"double the runtime in eu-west-1", "runtime", "eu-west-1", four},
		{"double the number of nodes in eu-west-1", "runtime", "eu-west-1", four},
		{"scale the runtime 2x in eu-west-1", "runtime", "eu-west-1", four},
		{"scale the runtime by a factor of 2 in eu-west-1", "runtime", "eu-west-1", four},
		{"multiply the fleet by 2 in eu-west-1", "runtime", "eu-west-1", four},
		{"triple the fleet in Singapore", "runtime", "ap-southeast-1", `{"node_min": 6, "node_desired": 6}`},
		{"quadruple the fleet in Singapore", "runtime", "ap-southeast-1", `{"node_min": 8, "node_desired": 8, "node_max": 8}`},
		{"halve the fleet everywhere", "runtime", everywhere, `{"node_min": 1, "node_desired": 1}`},
		{"set the maximum number of nodes to 10 in us-east-1", "runtime", "us-east-1", `{"node_max": 10}`},
		{"set max nodes to 10", "runtime", everywhere, `{"node_max": 10}`},
		{"cap the runtime at 1 node in us-east-1", "runtime", "us-east-1", `{"node_min": 1, "node_desired": 1, "node_max": 1}`},
		{"limit the fleet to 8 nodes in us-east-1", "runtime", "us-east-1", `{"node_max": 8}`},
		{"allow up to 12 nodes in us-east-1", "runtime", "us-east-1", `{"node_max": 12}`},
		{"no more than 5 nodes in us-east-1", "runtime", "us-east-1", `{"node_max": 5}`},
		{"raise the maximum to 20 nodes in us-east-1", "runtime", "us-east-1", `{"node_max": 20}`},
		{"set the minimum to 3 nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3}`},
		{"at least 3 nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3}`},
		{"never run fewer than 3 nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3}`},
		{"never drop below 1 node in eu-west-1", "runtime", "eu-west-1", `{"node_min": 1}`},
		{"keep the runtime between 3 and 8 nodes in eu-west-1", "runtime", "eu-west-1", `{"node_min": 3, "node_desired": 3, "node_max": 8}`},
		{"scale from 1 to 9 nodes everywhere", "runtime", everywhere, `{"node_min": 1, "node_max": 9}`},
		{"scale everything down", "runtime", everywhere, `{"node_min": 1, "node_desired": 1}`},
		{"scale down the runtime in ap-southeast-1", "runtime", "ap-southeast-1", `{"node_min": 1, "node_desired": 1}`},
		{"stop the runtime in ap-southeast-1", "runtime", "ap-southeast-1", `{"node_min": 0, "node_desired": 0}`},
		{"turn off all nodes in ap-southeast-1", "runtime", "ap-southeast-1", `{"node_min": 0, "node_desired": 0}`},
		{"scale the runtime to zero nodes in ap-southeast-1", "runtime", "ap-southeast-1", `{"node_min": 0, "node_desired": 0}`},
		{"change the instance type to m7g.large in eu-west-1", "runtime", "eu-west-1", `{"instance_type": "m7g.large"}`},
		{"use t3.medium nodes", "runtime", everywhere, `{"instance_type": "t3.medium"}`},
		{"switch the runtime to c7g.xlarge in eu-west-1", "runtime", "eu-west-1", `{"instance_type": "c7g.xlarge"}`},
		{"run the fleet on m6i.large", "runtime", everywhere, `{"instance_type": "m6i.large"}`},
		{"keep CPU at 50 % in eu-west-1", "runtime", "eu-west-1", `{"target_cpu_percent": 50}`},
		{"keep the average cpu utilization at 50%", "runtime", everywhere, `{"target_cpu_percent": 50}`},
		{"target 70 percent cpu", "runtime", everywhere, `{"target_cpu_percent": 70}`},
		{"set the cpu target to 70", "runtime", everywhere, `{"target_cpu_percent": 70}`},
		{"grow the node disk to 50 GiB in eu-west-1", "runtime", "eu-west-1", `{"volume_gib": 50}`},
		{"resize the disks of nodes to 50gb", "runtime", everywhere, `{"volume_gib": 50}`},
		{"give every node 100 GB of disk", "runtime", everywhere, `{"volume_gib": 100}`},
		{"add 30 GiB to the root volume", "runtime", everywhere, `{"volume_gib": 50}`},
		{"increase the node disk by 30 gigabytes", "runtime", everywhere, `{"volume_gib": 50}`},
		{"double the node disk", "runtime", everywhere, `{"volume_gib": 40}`},
		{"set the volume size to 1 TiB", "runtime", everywhere, `{"volume_gib": 1024}`},
	}
}

func dataPhrasings() []phrasing {
	const ninety = `{"log_retention_days": 90}`
	return []phrasing{
		{"keep logs for 90 days everywhere", "data", everywhere, ninety},
		{"keep all logs for 90d", "data", everywhere, ninety},
		{"retain logs for 3 months in eu-west-1", "data", "eu-west-1", ninety},
		{"keep logs for twelve weeks", "data", everywhere, ninety},
		{"keep logs for a quarter", "data", everywhere, ninety},
		{"set log retention to 90 days", "data", everywhere, ninety},
		{"change the log retention period to 61 days", "data", everywhere, ninety},
		{"delete logs after 90 days", "data", everywhere, ninety},
		{"keep logs for a year", "data", everywhere, `{"log_retention_days": 365}`},
		{"keep logs for two years in Ireland", "data", "eu-west-1", `{"log_retention_days": 731}`},
		{"keep logs for 30 days", "data", everywhere, ""},
		{"keep logs for 36 hours", "data", everywhere, `{"log_retention_days": 3}`},
		{"add log group payments", "data", everywhere, `{"log_groups": ["app", "audit", "payments"]}`},
		{"create log groups billing, orders and search in eu-west-1", "data", "eu-west-1", `{"log_groups": ["app", "audit", "billing", "orders", "search"]}`},
		{"add a log group named payments in eu-west-1 and us-east-1", "data", "us-east-1 eu-west-1", `{"log_groups": ["app", "audit", "payments"]}`},
		{"add log group app", "data", everywhere, ""},
		{"remove log group audit", "data", everywhere, `{"log_groups": ["app"]}`},
		{"double the events stream", "data", everywhere, `{"streams": {"events": {"shards": 2}}}`},
		{"triple the stream", "data", everywhere, `{"streams": {"events": {"shards": 3}}}`},
		{"double all streams in eu-west-1", "data", "eu-west-1", `{"streams": {"events": {"shards": 2}}}`},
		{"double the shards of the events stream", "data", everywhere, `{"streams": {"events": {"shards": 2}}}`},
		{"set the events stream to 4 shards in eu-west-1", "data", "eu-west-1", `{"streams": {"events": {"shards": 4}}}`},
		{"scale stream events to 4", "data", everywhere, `{"streams": {"events": {"shards": 4}}}`},
		{"set the number of shards of the events stream to four", "data", everywhere, `{"streams": {"events": {"shards": 4}}}`},
		{"add 2 shards to the events stream", "data", everywhere, `{"streams": {"events": {"shards": 3}}}`},
		{"give the events stream 4 shards", "data", everywhere, `{"streams": {"events": {"shards": 4}}}`},
		{"scale the events stream by 3x", "data", everywhere, `{"streams": {"events": {"shards": 3}}}`},
		{"halve the events stream", "data", everywhere, ""},
		{"keep records of the events stream for 7 days", "data", everywhere, `{"streams": {"events": {"retention_hours": 168}}}`},
		{"set the retention of stream events to 48 hours in eu-west-1", "data", "eu-west-1", `{"streams": {"events": {"retention_hours": 48}}}`},
		{"set events stream retention to 2 days", "data", everywhere, `{"streams": {"events": {"retention_hours": 48}}}`},
		{"add stream clicks", "data", everywhere, `{"streams": {"clicks": {"shards": 1, "retention_hours": 24}}}`},
		{"create a kinesis stream called clicks with 2 shards in eu-west-1", "data", "eu-west-1", `{"streams": {"clicks": {"shards": 2, "retention_hours": 24}}}`},
		{"add a clicks stream", "data", everywhere, `{"streams": {"clicks": {"shards": 1, "retention_hours": 24}}}`},
		{"delete the events stream", "data", everywhere, `{"streams": {"events": null}}`},
		{"keep old versions in the artifacts bucket for 60 days", "data", everywhere, `{"buckets": {"artifacts": {"noncurrent_expire_days": 60}}}`},
		{"expire old versions in all buckets after 2 weeks", "data", everywhere, `{"buckets": {"artifacts": {"noncurrent_expire_days": 14}}}`},
		{"delete noncurrent versions after 90 days in the artifacts bucket", "data", everywhere, `{"buckets": {"artifacts": {"noncurrent_expire_days": 90}}}`},
		{"expire objects in bucket artifacts after 90 days", "data", everywhere, `{"buckets": {"artifacts": {"expire_days": 90}}}`},
		{"keep objects in all buckets for 1 year", "data", everywhere, `{"buckets": {"artifacts": {"expire_days": 365}}}`},
		{"never expire objects in the artifacts bucket", "data", everywhere, ""},
		{"add bucket reports", "data", everywhere, `{"buckets": {"reports": {"expire_days": 0, "noncurrent_expire_days": 30}}}`},
		{"create an s3 bucket named reports in eu-west-1", "data", "eu-west-1", `{"buckets": {"reports": {"expire_days": 0, "noncurrent_expire_days": 30}}}`},
		{"remove the artifacts bucket", "data", everywhere, `{"buckets": {"artifacts": null}}`},
		{"set setting log_level to debug", "data", everywhere, `{"settings": {"log_level": "debug"}}`},
		{"set the parameter log_level to Debug in eu-west-1", "data", "eu-west-1", `{"settings": {"log_level": "Debug"}}`},
		{`set setting banner to "back at noon, and sorry"`, "data", everywhere, `{"settings": {"banner": "back at noon, and sorry"}}`},
		{"set setting log_level=warn", "data", everywhere, `{"settings": {"log_level": "warn"}}`},
		{"remove setting log_level in Ireland", "data", "eu-west-1", `{"settings": {"log_level": null}}`},
		{"unset parameter missing", "data", everywhere, ""},
	}
}

func otherPhrasings() []phrasing {
	rules := func(more string) string { return `{"ingress_rules": {` + more + `}}` }
	const actions = `"kinesis:DescribeStreamSummary", "kinesis:PutRecord", "kinesis:PutRecords", "kms:Decrypt", "kms:GenerateDataKey",
		"logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "ssm:GetParameter"`
	return []phrasing{
		{"open port 443 to 10.0.0.0/8", "network", everywhere, ""},
		{"open port 8080 to 10.0.0.0/8 in eu-west-1", "network", "eu-west-1", rules(`"tcp-8080": {"protocol": "tcp", "from_port": 8080, "to_port": 8080, "cidrs": ["10.0.0.0/8"]}`)},
		{"allow http from anywhere", "network", everywhere, rules(`"http": {"protocol": "tcp", "from_port": 80, "to_port": 80, "cidrs": ["0.0.0.0/0"]}`)},
		{"allow udp traffic on port 53 from 10.0.0.0/8", "network", everywhere, rules(`"udp-53": {"protocol": "udp", "from_port": 53, "to_port": 53, "cidrs": ["10.0.0.0/8"]}`)},
		{"open ports 8000-8100 to 10.1.0.0/16", "network", everywhere, rules(`"tcp-8000-8100": {"protocol": "tcp", "from_port": 8000, "to_port": 8100, "cidrs": ["10.1.0.0/16"]}`)},
		{"open ports 8000 to 8100 for 10.1.0.0/16", "network", everywhere, rules(`"tcp-8000-8100": {"protocol": "tcp", "from_port": 8000, "to_port": 8100, "cidrs": ["10.1.0.0/16"]}`)},
		{"open ssh to 203.0.113.7", "network", everywhere, rules(`"ssh": {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["203.0.113.7/32"]}`)},
		{"open port 443 to everyone", "network", everywhere, rules(`"https": {"cidrs": ["10.0.0.0/8", "0.0.0.0/0"]}`)},
		{"open port 22/tcp to 0.0.0.0/0 in us-east-1", "network", "us-east-1", rules(`"tcp-22": {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"]}`)},
		{"deny port 22 from 0.0.0.0/0", "network", everywhere, ""},
		{"deny port 443 from 10.0.0.0/8", "network", everywhere, rules(`"https": null`)},
		{"close port 443 in eu-west-1", "network", "eu-west-1", rules(`"https": null`)},
		{"block https from 10.0.0.0/8", "network", everywhere, rules(`"https": null`)},
		{"remove the ingress rule https in eu-west-1", "network", "eu-west-1", rules(`"https": null`)},
		{"do not allow ssh from anywhere", "network", everywhere, ""},
		{"set nat to single in eu-west-1", "network", "eu-west-1", `{"nat": "single"}`},
		{"use one nat gateway per zone", "network", everywhere, `{"nat": "per_zone"}`},
		{"use a single nat gateway", "network", everywhere, `{"nat": "single"}`},
		{"enable nat in eu-west-1", "network", "eu-west-1", `{"nat": "single"}`},
		{"turn off nat", "network", everywhere, ""},
		{"spread the network over two zones in eu-west-1", "network", "eu-west-1", `{"zones": 2}`},
		{"set the number of availability zones to 2", "network", everywhere, `{"zones": 2}`},
		{"rotate the keys every 180 days", "security", everywhere, `{"key_rotation_days": 180}`},
		{"rotate kms keys every year", "security", everywhere, ""},
		{"set key rotation to 6 months in eu-west-1", "security", "eu-west-1", `{"key_rotation_days": 180}`},
		{"set the key deletion window to 2 weeks", "security", everywhere, `{"key_deletion_window_days": 14}`},
		{"keep deleted keys for 7 days in us-east-1", "security", "us-east-1", `{"key_deletion_window_days": 7}`},
		{"limit executor sessions to 2 hours", "security", everywhere, `{"executor_session_seconds": 7200}`},
		{"set the executor session length to 90 minutes", "security", everywhere, `{"executor_session_seconds": 5400}`},
		{"revoke ssm:GetParameters from role node", "security", everywhere, `{"workload_roles": {"node": {"actions": [` + actions + `]}}}`},
		{"forbid the node role to call ssm:GetParameters", "security", everywhere, `{"workload_roles": {"node": {"actions": [` + actions + `]}}}`},
		{"allow role node to call sqs:SendMessage", "security", everywhere, `{"workload_roles": {"node": {"actions": [` + actions + `, "ssm:GetParameters", "sqs:SendMessage"]}}}`},
		{"grant s3:GetObject to the node role", "security", everywhere, ""},
		{"set the dns ttl to 30 seconds", "edge", everywhere, `{"record_ttl_seconds": 30}`},
		{"change the record ttl to 2 minutes in eu-west-1", "edge", "eu-west-1", `{"record_ttl_seconds": 120}`},
		{"set ttl to 300", "edge", everywhere, `{"record_ttl_seconds": 300}`},
		{"set the health check path to /ready", "edge", everywhere, `{"health_check": {"path": "/ready"}}`},
		{"check health at /live on port 8080 in eu-west-1", "edge", "eu-west-1", `{"health_check": {"path": "/live", "port": 8080}}`},
		{"set the health check port to 8443", "edge", everywhere, `{"health_check": {"port": 8443}}`},
		{"check health every ten seconds", "edge", everywhere, `{"health_check": {"interval_seconds": 10}}`},
		{"set the health check interval to 10s", "edge", everywhere, `{"health_check": {"interval_seconds": 10}}`},
		{"fail over after 2 failures", "edge", everywhere, `{"health_check": {"failure_threshold": 2}}`},
		{"set the health check failure threshold to 5", "edge", everywhere, `{"health_check": {"failure_threshold": 5}}`},
	}
}

func TestPhrasings(t *testing.T) {
	t.Parallel()
	all := append(append(runtimePhrasings(), dataPhrasings()...), otherPhrasings()...)
	require.GreaterOrEqual(t, len(all), 150)
	for _, c := range all {
		t.Run(c.intent, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			goal, sets := w.ask(t, c.intent)
			require.Empty(t, goal.Error)
			if c.patch == "" {
				require.Empty(t, sets)
				require.Equal(t, aegis.GoalSucceeded, goal.State)
				require.Contains(t, goal.Understanding, "Nothing to do")
				return
			}
			require.Equal(t, aegis.GoalRunning, goal.State)
			require.Len(t, sets, 1)
			require.Equal(t, strings.Fields(c.regions), sets[0].Target.Regions)
			for _, p := range sets[0].Patches {
				require.Equal(t, int64(1), p.BaseRevision)
				require.Contains(t, p.StackID, "dev."+c.layer+".")
				require.JSONEq(t, c.patch, string(p.MergePatch))
			}
		})
	}
}

func TestExamplesAreReadAsTheirIntent(t *testing.T) {
	t.Parallel()
	intents, read := agent.Intents(), agent.Reader(regions)
	require.GreaterOrEqual(t, len(intents), 25)
	for _, in := range intents {
		require.NotEmpty(t, in.Summary)
		require.GreaterOrEqual(t, len(in.Examples), 2, in.Name)
		for _, example := range in.Examples {
			names, err := read(example)
			require.NoError(t, err, example)
			require.Equal(t, []string{in.Name}, names, example)
		}
	}
}
