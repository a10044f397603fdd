package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent"
)

// reads holds that each text is read as what it stands for; "" is that it is refused.
func reads(t *testing.T, texts map[string]string) {
	t.Helper()
	say := agent.Speaker(regions)
	for text, want := range texts {
		said, _, err := say(text)
		if want == "" {
			require.Error(t, err, "%s: %s", text, said)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, said, text)
	}
}

func TestUsIsThePronounOrTheCountry(t *testing.T) {
	t.Parallel()
	reads(t, map[string]string{
		"give us 3 more nodes":                                                         "Add 3 nodes everywhere.",
		"get us two more servers in Ireland":                                           "Add 2 nodes in eu-west-1.",
		"The auditors want us to keep logs in Ireland for 90 days":                     "Keep logs for 90 days in eu-west-1.",
		"for us, keep logs in Ireland for 90 days":                                     "Keep logs for 90 days in eu-west-1.",
		"Kinesis throttles us in Ireland, add two shards to the events stream there.":  "Scale the stream by 2 shards more in eu-west-1.",
		"Findings in Ireland should reach us within 15 minutes.":                       "Have GuardDuty publish findings every 15 minutes in eu-west-1.",
		"keep logs for 90 days in the us":                                              "Keep logs for 90 days in us-east-1.",
		"double the runtime in us":                                                     "Multiply the runtime's nodes by 2 in us-east-1.",
		"add 2 nodes in eu and us":                                                     "Add 2 nodes in eu-west-1, us-east-1.",
		"add 2 nodes in us and eu":                                                     "Add 2 nodes in eu-west-1, us-east-1.",
		"scale the us nodes to 5":                                                      "Scale the runtime to 5 nodes in us-east-1.",
		"add 2 nodes in the US":                                                        "Add 2 nodes in us-east-1.",
		"Both regions outside the US should be running three nodes from now on.":       "Scale the runtime to 3 nodes in ap-southeast-1, eu-west-1.",
		"Both regions outside America ought to be running three nodes each, ok thanks": "Scale the runtime to 3 nodes in ap-southeast-1, eu-west-1.",
	})
}

// One letter too many or too few, or two that changed places, are read as what was
// meant; what that leaves in doubt is refused.
func TestSlipsOfTheKeyboard(t *testing.T) {
	t.Parallel()
	reads(t, map[string]string{
		"we need two more machienes in Ireland":               "Add 2 nodes in eu-west-1.",
		"please double the number of instnaces in Virginia":   "Multiply the runtime's nodes by 2 in us-east-1.",
		"set up nightly bakcups for our data, in Ireland":     "Make the role that makes backups in eu-west-1; back layer data up by cron(0 5 * * ? *) in eu-west-1.",
		"two extra serevrs for Ireland, kept until wihtdrawn": "",
		"add two servers in Ireland, wihtout touching others": "",
		"add stream machienes with 2 shards in Ireland":       "Add stream machienes with 2 shards in eu-west-1.",
	})
}

func TestPeoplesOwnWords(t *testing.T) {
	t.Parallel()
	reads(t, map[string]string{
		"artifacts in ap-southeast-1: infrequent access after 60d, delete after 1 yr":                                         "Move objects in bucket artifacts to infrequent access after 60 days in ap-southeast-1; delete objects in bucket artifacts after 365 days in ap-southeast-1.",
		"How about keeping superseded versions in the US artifacts bucket for 90 days?":                                       "Keep old versions in bucket artifacts for 90 days in us-east-1.",
		"Change log_level from info to error, in each region.":                                                                `Set setting log_level to "error" everywhere.`,
		"Hi team, Virginia was at 90% CPU this morning and checkout timed out. Could we get two extra instances there?":       "Add 2 nodes in us-east-1.",
		"We keep finding strange edits that somebody made in the console. Let the autopilot receive cloud events in Dublin":   "Hear of changes that others make in eu-west-1.",
		"A full week of records ought to stay in the events stream, in every region.":                                         "Keep records of all streams for 168 hours everywhere.",
		"Route 53 flaps Singapore in and out all day. Be more tolerant there: five failures in a row before it is taken out.": "Count a region as unhealthy after 5 failed checks in ap-southeast-1.",
		`Prometheus lives in 10.20.0.0/16. In all regions add an ingress rule "metrics" for TCP 9100 from there.`:             "Add ingress rule metrics, port 9100 from 10.20.0.0/16 everywhere.",
		"t3.large in all three regions, same number of instances as today":                                                    "Run nodes of type t3.large everywhere.",
		"close https in singapore completely, nothing listens there any more":                                                 "Close port 443 to everyone in ap-southeast-1.",
		"Failover by DNS takes too long. Drop the TTL of our records to 20 seconds everywhere.":                               "Set the TTL of DNS records to 20 seconds everywhere.",
		"Another server for Ireland, please, but it must not cost more than twenty dollars a month.":                          "Add 1 node in eu-west-1.",
		"take the event stream from one zzqx shard to two in every region":                                                    "", // the property test met it
		"Start recording VPC flow logs in Ireland and hold on to them for 90 days.":                                           "Keep flow logs for 90 days in eu-west-1.",
		"CPU in Virginia is pegged, throw three more instances at it asap":                                                    "Add 3 nodes in us-east-1.",
		"Throw two servers in Ireland away.":                                                                                  "Remove 2 nodes in eu-west-1.",
		"Hardly anyone uses the Asian site at the moment. Take one of its two servers away.":                                  "Remove 1 node in ap-southeast-1.",
		"Send two servers in Ireland away":                                                                                    "",
		"Swap the US machines for m5.large, same number of them.":                                                             "Run nodes of type m5.large in us-east-1.",
		"cna you scael singapore up to 4 nodse, thx":                                                                          "Scale the runtime to 4 nodes in ap-southeast-1.",
		"add bucket trial in Ireland":                                                                                         "Add bucket trial in eu-west-1.",
		"The node role needs sqs:ReceiveMessage and sqs:DeleteMessage in Ireland.":                                            "Let role node call sqs:ReceiveMessage, sqs:DeleteMessage in eu-west-1.",
		"10.0.0.0/8 is far too wide for HTTPS in Virginia. Only 10.10.0.0/16 should get in there.":                            "Let only 10.10.0.0/16 reach port 443 in us-east-1.",
		"10.0.0.0/8 is too wide for HTTPS and SSH in Virginia. Only 10.10.0.0/16 may get in there.":                           "",
		"Everywhere the events stream should remember a whole week, not just one day.":                                        "Keep records of all streams for 168 hours everywhere.",
		"AWS works on the power in Ireland. Get our workload out of there now. Data stays.":                                   "Evacuate eu-west-1.",
		"Ireland is down. Fail everything over to the other two regions.":                                                     "Evacuate eu-west-1.",
		"Ireland and Singapore are down. Get our workload out of there.":                                                      "",
		"Fail everything over to the other two regions.":                                                                      "",
		"If Singapore goes dark one day, the other regions have to cope with its users.":                                      "Survive the loss of ap-southeast-1.",
		"If Singapore goes dark one day, the other regions will cope with its users.":                                         "",
		"Probe the regions every 10 seconds, and two misses in a row should be enough to call one dead":                       "Check health every 10 seconds everywhere; count a region as unhealthy after 2 failed checks everywhere.",
	})
}

// What these say stands beside the order: how things are, that all else stays, and what
// an "or" leaves open.
func TestWhatStandsBesideAnOrder(t *testing.T) {
	t.Parallel()
	reads(t, map[string]string{
		"GuardDuty is fine. Add two nodes in Ireland.":                                 "Add 2 nodes in eu-west-1.",
		"GuardDuty and the WAF are fine. Add two nodes in Ireland.":                    "Add 2 nodes in eu-west-1.",
		"GuardDuty should be on in all regions":                                        "Have GuardDuty publish findings every 15 minutes everywhere.",
		"Scale Ireland to 5 servers. Nothing else should change.":                      "Scale the runtime to 5 nodes in eu-west-1.",
		"Scale Ireland to 5 servers. Everything else stays as it is.":                  "Scale the runtime to 5 nodes in eu-west-1.",
		"Scale Ireland to 5 servers. Nothing else should stay.":                        "",
		"Scale Ireland to 5 servers. Everything else should change.":                   "",
		"Launch is on Thursday. I need six nodes in the US.":                           "Scale the runtime to 6 nodes in us-east-1.",
		"We don't have any spares there. Add two servers in Ireland.":                  "Add 2 nodes in eu-west-1.",
		"We don't have a plan, don't touch Ireland. Add two nodes in Virginia.":        "",
		"Switch on CloudTrail and hold its files for two years.":                       "",
		"We could use another server in Ireland or in Singapore.":                      "",
		"add a node in Ireland, or in Singapore":                                       "",
		"add 2 nodes in Ireland. The nodes don't have to run in Singapore":             "",
		"keep logs for 90 days in Ireland or Virginia":                                 "",
		"add one node in eu-west-1 or ap-southeast-1":                                  "",
		"Kinesis took us by surprise. Add two nodes in Ireland.":                       "Add 2 nodes in eu-west-1.",
		"close https in singapore completely, nothing listens zzqx there any more":     "",
		"Could I get two more servers in Ireland, provided this costs under 60 USD?":   "Add 2 nodes in eu-west-1.",
		"add two servers in Ireland as long as that costs no more than 60 USD a month": "Add 2 nodes in eu-west-1.",
		"add two servers in Ireland, provided it costs less than $60 more a month":     "Add 2 nodes in eu-west-1.",
		"add two servers in Ireland, provided the board agrees":                        "",
		"add two nodes in Ireland if Virginia goes dark":                               "",
	})
}
