package agent

import (
	"fmt"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// edgeIntents are about DNS records and health checks.
func edgeIntents() []intent {
	return []intent{edgeTTL(), edgeHealthPath(), edgeHealthPort(), edgeHealthInterval(), edgeHealthThreshold()}
}

func edgeTTL() intent {
	return intent{
		Intent: Intent{
			Name: "edge.ttl", Layer: aegis.LayerEdge,
			Summary:  "Set the TTL of the DNS records.",
			Examples: []string{"set the dns ttl to 30 seconds", "change the record ttl to 2 minutes in eu-west-1"},
		},
		phrasings: []string{
			"@set [dns|record|records] ttl [of_records] to <d:duration>",
			"@set [dns|record|records] ttl [of_records] to <n:count>",
			"cache dns [records] for <d:duration>",
		},
		read: func(a args) (edit, error) {
			n := inSeconds(a)
			return edit{
				summary: "set the TTL of DNS records to " + plural(n, "second"),
				apply:   assign(func(s *aegis.EdgeSpec) { s.RecordTTLSeconds = n }),
			}, nil
		},
	}
}

func edgeHealthPath() intent {
	return intent{
		Intent: Intent{
			Name: "edge.health_path", Layer: aegis.LayerEdge,
			Summary:  "Set the path that health checks ask for, and the port with it if one is given.",
			Examples: []string{"set the health check path to /ready", "check health at /live on port 8080 in eu-west-1"},
		},
		phrasings: []string{
			"@set @health path|url to <path> [on port <port:count>]",
			"check health at|on|with <path> [on port <port:count>]",
			"point @health at|to <path> [on port <port:count>]",
		},
		read: func(a args) (edit, error) {
			path := a.text("path")
			return edit{
				summary: "check health at " + path,
				apply: assign(func(s *aegis.EdgeSpec) {
					s.HealthCheck.Path = path
					if a.has("port") {
						s.HealthCheck.Port = a.count("port")
					}
				}),
			}, nil
		},
	}
}

func edgeHealthPort() intent {
	return intent{
		Intent: Intent{
			Name: "edge.health_port", Layer: aegis.LayerEdge,
			Summary:  "Set the port that health checks ask.",
			Examples: []string{"set the health check port to 8443", "check health on port 80 in eu-west-1"},
		},
		phrasings: []string{"@set @health port to <n:count>", "check health on|at port <n:count>", "point @health at|to port <n:count>"},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{
				summary: fmt.Sprintf("check health on port %d", n),
				apply:   assign(func(s *aegis.EdgeSpec) { s.HealthCheck.Port = n }),
			}, nil
		},
	}
}

func edgeHealthInterval() intent {
	return intent{
		Intent: Intent{
			Name: "edge.health_interval", Layer: aegis.LayerEdge,
			Summary:  "Set how often health is checked: every 10 or 30 seconds, as Route 53 offers.",
			Examples: []string{"check health every 10 seconds", "set the health check interval to 30 seconds in eu-west-1"},
		},
		phrasings: []string{
			"check health every|each <d:duration>", "run @health every|each <d:duration>",
			"@set @health interval|period|frequency to <d:duration>", "@set @health interval|period|frequency to <n:count>",
		},
		read: func(a args) (edit, error) {
			n := inSeconds(a)
			return edit{
				summary: "check health every " + plural(n, "second"),
				apply:   assign(func(s *aegis.EdgeSpec) { s.HealthCheck.IntervalSeconds = n }),
			}, nil
		},
	}
}

func edgeHealthThreshold() intent {
	return intent{
		Intent: Intent{
			Name: "edge.health_threshold", Layer: aegis.LayerEdge,
			Summary:  "Set after how many failed checks a region counts as unhealthy.",
			Examples: []string{"fail over after 2 failures", "set the health check threshold to 5 in eu-west-1"},
		},
		phrasings: []string{
			"fail_over|failover after <n:count> [failed|failing] [health] failures|failure|checks|check",
			"@set [@health] [failure] threshold to <n:count> [failures|checks]",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{
				summary: "count a region as unhealthy after " + plural(n, "failed check"),
				apply:   assign(func(s *aegis.EdgeSpec) { s.HealthCheck.FailureThreshold = n }),
			}, nil
		},
	}
}

// inSeconds is a duration, or a bare number of seconds.
func inSeconds(a args) int {
	if a.has("d") {
		return int(min(a.duration()/time.Second, most))
	}
	return a.count("n")
}
