package agent

import aegis "github.com/aegisworld/aegis"

// switchIntents turn things on that are parameters of one layer.
func switchIntents() []intent {
	return []intent{securityAnalyzer(), securityCloudEvents(), networkDataSubnets(), networkGatewayEndpoint()}
}

func securityAnalyzer() intent {
	return intent{
		Intent: Intent{
			Name: "security.access_analyzer", Layer: aegis.LayerSecurity,
			Summary:  "Find what is shared with other accounts, by IAM Access Analyzer.",
			Examples: []string{"enable the access analyzer", "turn on IAM Access Analyzer in eu-west-1"},
		},
		phrasings: []string{"enable|activate|use|turn_on|switch_on [iam] access analyzer|analyser"},
		read: func(args) (edit, error) {
			return edit{summary: "use IAM Access Analyzer", apply: assign(func(s *aegis.SecuritySpec) { s.AccessAnalyzer = true })}, nil
		},
	}
}

func securityCloudEvents() intent {
	return intent{
		Intent: Intent{
			Name: "security.cloud_events", Layer: aegis.LayerSecurity,
			Summary:  "Hear of changes that others make, by EventBridge and a queue.",
			Examples: []string{"enable cloud events", "turn on cloud events in eu-west-1"},
		},
		phrasings: []string{"enable|activate|use|turn_on|switch_on cloud events", "turn|switch cloud events on"},
		read: func(args) (edit, error) {
			return edit{summary: "hear of changes that others make", apply: assign(func(s *aegis.SecuritySpec) { s.CloudEvents = true })}, nil
		},
	}
}

func networkDataSubnets() intent {
	return intent{
		Intent: Intent{
			Name: "network.data_subnets", Layer: aegis.LayerNetwork,
			Summary:  "Add subnets for data stores, without a way to the internet.",
			Examples: []string{"make data subnets", "add isolated subnets for databases in eu-west-1"},
		},
		phrasings: []string{"@add|make|prepare data|isolated|database subnets [for databases|data|data_stores]"},
		read: func(args) (edit, error) {
			return edit{summary: "make subnets for data stores", apply: assign(func(s *aegis.NetworkSpec) { s.DataSubnets = true })}, nil
		},
	}
}

func networkGatewayEndpoint() intent {
	return intent{
		Intent: Intent{
			Name: "network.gateway_endpoint", Layer: aegis.LayerNetwork,
			Summary:  "Reach S3 or DynamoDB without leaving the network, by a gateway endpoint, which costs nothing.",
			Examples: []string{"add a gateway endpoint for s3", "use a dynamodb gateway endpoint in eu-west-1"},
		},
		phrasings: []string{"@add|use|make gateway endpoint for|to <service:gateway>", "@add|use|make <service:gateway> gateway endpoint"},
		read: func(a args) (edit, error) {
			service := a.text("service")
			return edit{summary: "reach " + service + " by a gateway endpoint", apply: assign(func(s *aegis.NetworkSpec) {
				endpoints := aegis.EndpointsSpec{}
				if s.Endpoints != nil {
					endpoints = *s.Endpoints
				}
				endpoints.Gateway = with(endpoints.Gateway, service)
				s.Endpoints = &endpoints
			})}, nil
		},
	}
}
