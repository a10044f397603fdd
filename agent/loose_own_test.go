package agent_test

import "testing"

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

func TestMoreOfPeoplesOwnWords(t *testing.T) {
	t.Parallel()
	reads(t, map[string]string{
		"CPU in Virginia is pegged, throw three more instances at it asap":                              "Add 3 nodes in us-east-1.",
		"Throw two servers in Ireland away.":                                                            "Remove 2 nodes in eu-west-1.",
		"Hardly anyone uses the Asian site at the moment. Take one of its two servers away.":            "Remove 1 node in ap-southeast-1.",
		"Send two servers in Ireland away":                                                              "",
		"Swap the US machines for m5.large, same number of them.":                                       "Run nodes of type m5.large in us-east-1.",
		"cna you scael singapore up to 4 nodse, thx":                                                    "Scale the runtime to 4 nodes in ap-southeast-1.",
		"add bucket trial in Ireland":                                                                   "Add bucket trial in eu-west-1.",
		"The node role needs sqs:ReceiveMessage and sqs:DeleteMessage in Ireland.":                      "Let role node call sqs:ReceiveMessage, sqs:DeleteMessage in eu-west-1.",
		"10.0.0.0/8 is far too wide for HTTPS in Virginia. Only 10.10.0.0/16 should get in there.":      "Let only 10.10.0.0/16 reach port 443 in us-east-1.",
		"10.0.0.0/8 is too wide for HTTPS and SSH in Virginia. Only 10.10.0.0/16 may get in there.":     "",
		"Everywhere the events stream should remember a whole week, not just one day.":                  "Keep records of all streams for 168 hours everywhere.",
		"AWS works on the power in Ireland. Get our workload out of there now. Data stays.":             "Evacuate eu-west-1.",
		"Ireland is down. Fail everything over to the other two regions.":                               "Evacuate eu-west-1.",
		"Ireland and Singapore are down. Get our workload out of there.":                                "",
		"Fail everything over to the other two regions.":                                                "",
		"If Singapore goes dark one day, the other regions have to cope with its users.":                "Survive the loss of ap-southeast-1.",
		"If Singapore goes dark one day, the other regions will cope with its users.":                   "",
		"Probe the regions every 10 seconds, and two misses in a row should be enough to call one dead": "Check health every 10 seconds everywhere; count a region as unhealthy after 2 failed checks everywhere.",
	})
}
