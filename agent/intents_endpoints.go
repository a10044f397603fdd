package agent

import (
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// endpointIntents are about ways to AWS's services within the network, and what
// records its connections.
func endpointIntents() []intent {
	return []intent{networkInterfaceEndpoint(), networkRemoveEndpoint(), networkFlowLogsOff()}
}

func networkInterfaceEndpoint() intent {
	return intent{
		Intent: Intent{
			Name: "network.interface_endpoint", Layer: aegis.LayerNetwork,
			Summary:  "Reach one of AWS's services without leaving the network, by an interface endpoint in each zone, paid by the hour.",
			Examples: []string{"add an interface endpoint for kms", "use an ecr.api interface endpoint in eu-west-1"},
		},
		phrasings: []string{
			"@add|use|make [interface|vpc|private] endpoint for|to <service>", "@add|use|make <service> [interface|vpc|private] endpoint",
			"reach <service> by|through interface|vpc|private endpoint",
		},
		read: func(a args) (edit, error) {
			service := a.text("service")
			return edit{summary: "reach " + service + " by an interface endpoint", apply: onEndpoints(func(e *aegis.EndpointsSpec) {
				e.Interface = with(e.Interface, service)
			})}, nil
		},
	}
}

func networkRemoveEndpoint() intent {
	return intent{
		Intent: Intent{
			Name: "network.remove_endpoint", Layer: aegis.LayerNetwork,
			Summary:  "Remove an interface endpoint.",
			Examples: []string{"remove the interface endpoint for kms", "delete the kms interface endpoint in eu-west-1"},
		},
		phrasings: []string{"@remove interface|vpc|private endpoint for|to <service>", "@remove <service> interface|vpc|private endpoint"},
		read: func(a args) (edit, error) {
			service := a.text("service")
			return edit{summary: "remove the interface endpoint of " + service, deletes: true, disrupts: true, apply: onEndpoints(func(e *aegis.EndpointsSpec) {
				e.Interface = slices.DeleteFunc(slices.Clone(e.Interface), func(s string) bool { return s == service })
			})}, nil
		},
	}
}

// onEndpoints changes a network's endpoints.
func onEndpoints(alter func(*aegis.EndpointsSpec)) change {
	return assign(func(s *aegis.NetworkSpec) {
		endpoints := aegis.EndpointsSpec{}
		if s.Endpoints != nil {
			endpoints = *s.Endpoints
		}
		alter(&endpoints)
		if len(endpoints.Gateway)+len(endpoints.Interface) > 0 || s.Endpoints != nil {
			s.Endpoints = &endpoints
		}
	})
}

func networkFlowLogsOff() intent {
	return intent{
		Intent: Intent{
			Name: "network.flow_logs_off", Layer: aegis.LayerNetwork,
			Summary:  "Keep no record of the network's connections any more.",
			Examples: []string{"turn off flow logs", "stop vpc flow logs in eu-west-1"},
		},
		phrasings: []string{"stop|disable|turn_off|switch_off|@remove [vpc] flow logs"},
		read: func(args) (edit, error) {
			return edit{summary: "keep no flow logs", deletes: true, apply: assign(func(s *aegis.NetworkSpec) { s.FlowLogDays = 0 })}, nil
		},
	}
}
