package agent

import (
	"fmt"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// watchIntents are about what watches the account.
func watchIntents() []intent {
	return []intent{securityTrail(), securityRecorder(), securityThreats(), securityHub(), securityWatchOff()}
}

const (
	auditDays      = 400
	snapshotHours  = 24
	findingMinutes = 15
	continuous     = "CONTINUOUS"
	bestPractices  = "aws-foundational-security-best-practices/1.0.0"
)

func securityTrail() intent {
	return intent{
		Intent: Intent{
			Name: "security.trail", Layer: aegis.LayerSecurity,
			Summary:  "Record the account's management calls of all regions by CloudTrail, and set for how long; 400 days unless said otherwise.",
			Examples: []string{"enable cloudtrail", "keep the cloudtrail trail for 365 days"},
		},
		primary: true,
		phrasings: []string{
			"enable|activate|turn_on|switch_on|use|@add cloudtrail [trail] [for <d:duration>]", "@keep cloudtrail|audit_trail [trail|logs|records|files] [for] <d:duration>",
			"@set cloudtrail [trail|log] retention to <d:duration>", "record|log [all] api|management calls [of|in account] [by|with cloudtrail] [for <d:duration>]",
		},
		read: func(a args) (edit, error) {
			n, err := daysOr(a, auditDays)
			return edit{
				summary: "record management calls by CloudTrail for " + plural(n, "day"),
				apply: assign(func(s *aegis.SecuritySpec) {
					if s.Trail == nil || a.has("d") {
						s.Trail = &aegis.TrailSpec{RetentionDays: n}
					}
				}),
			}, err
		},
	}
}

// daysOr is a match's duration in days, or another where it has none.
func daysOr(a args, other int) (int, error) {
	if !a.has("d") {
		return other, nil
	}
	return wholeDays(a.duration())
}

func securityRecorder() intent {
	return intent{
		Intent: Intent{
			Name: "security.recorder", Layer: aegis.LayerSecurity,
			Summary:  "Have AWS Config record the region's resources, and set for how long; 400 days unless said otherwise.",
			Examples: []string{"enable aws config", "keep aws config records for 365 days in eu-west-1"},
		},
		phrasings: []string{
			"enable|activate|turn_on|switch_on|use|@add aws config [recorder] [for <d:duration>]", "@keep aws config [records|files|history|snapshots] for <d:duration>",
			"record resources by|with aws config [for <d:duration>]",
		},
		read: func(a args) (edit, error) {
			n, err := daysOr(a, auditDays)
			return edit{
				summary: "have AWS Config record resources for " + plural(n, "day"),
				apply: assign(func(s *aegis.SecuritySpec) {
					recorder := aegis.RecorderSpec{Frequency: continuous, SnapshotHours: snapshotHours, RetentionDays: n}
					if s.Recorder != nil {
						recorder = *s.Recorder
					}
					if a.has("d") {
						recorder.RetentionDays = n
					}
					s.Recorder = &recorder
				}),
			}, err
		},
	}
}

func securityThreats() intent {
	return intent{
		Intent: Intent{
			Name: "security.threat_detection", Layer: aegis.LayerSecurity,
			Summary:  "Have GuardDuty look for threats, and set how often it publishes findings again: every 15 minutes unless said otherwise, every hour or every 6 hours.",
			Examples: []string{"enable guardduty", "publish guardduty findings every hour in eu-west-1"},
		},
		phrasings: []string{
			"enable|activate|turn_on|switch_on|use|@add guardduty|threat_detection", "publish|@set guardduty findings [frequency] every|to <d:duration>",
			"enable|turn_on guardduty with findings every <d:duration>",
		},
		read: func(a args) (edit, error) {
			n := findingMinutes
			if a.has("d") {
				if a.duration()%time.Minute != 0 {
					return edit{}, refuse("%s is no whole number of minutes", a.duration())
				}
				n = int(min(a.duration()/time.Minute, most))
			}
			return edit{
				summary: fmt.Sprintf("have GuardDuty publish findings every %s", plural(n, "minute")),
				apply: assign(func(s *aegis.SecuritySpec) {
					if s.ThreatDetection == nil || a.has("d") {
						s.ThreatDetection = &aegis.ThreatDetectionSpec{FindingMinutes: n}
					}
				}),
			}, nil
		},
	}
}

func securityHub() intent {
	return intent{
		Intent: Intent{
			Name: "security.security_hub", Layer: aegis.LayerSecurity,
			Summary:  "Judge the region by a standard of Security Hub, AWS's best practices unless CIS, NIST or PCI DSS is said, with AWS Config, which it needs.",
			Examples: []string{"enable security hub", "enable security hub with the cis standard in eu-west-1"},
		},
		phrasings: []string{
			"enable|activate|turn_on|switch_on|use|@add security hub", "enable|activate|turn_on|switch_on|use|@add security hub with <standard> [standard|benchmark]",
			"@add <standard> [standard|benchmark] to|in security hub",
		},
		read: func(a args) (edit, error) {
			standard := a.text("standard")
			if standard == "" {
				standard = bestPractices
			}
			return edit{
				summary: "judge the region by " + standard,
				apply: assign(func(s *aegis.SecuritySpec) {
					hub := aegis.SecurityHubSpec{AutoEnableControls: true}
					if s.SecurityHub != nil {
						hub = *s.SecurityHub
					}
					if s.SecurityHub == nil || a.has("standard") {
						hub.Standards = with(hub.Standards, standard)
					}
					if s.Recorder == nil {
						s.Recorder = &aegis.RecorderSpec{Frequency: continuous, SnapshotHours: snapshotHours, RetentionDays: auditDays}
					}
					s.SecurityHub = &hub
				}),
			}, nil
		},
	}
}

func securityWatchOff() intent {
	return intent{
		Intent: Intent{
			Name: "security.watch_off", Layer: aegis.LayerSecurity,
			Summary:  "Stop using IAM Access Analyzer, cloud events, GuardDuty or Security Hub.",
			Examples: []string{"turn off the access analyzer", "disable cloud events in eu-west-1", "disable guardduty"},
		},
		phrasings: []string{
			"disable|turn_off|switch_off|stop|@remove <analyzer:mark> [iam] access analyzer|analyser", "disable|turn_off|switch_off|stop|@remove <events:mark> cloud events",
			"disable|turn_off|switch_off|stop|@remove <threats:mark> guardduty|threat_detection", "disable|turn_off|switch_off|stop|@remove <hub:mark> security hub",
		},
		read: func(a args) (edit, error) {
			return edit{
				summary: "stop " + a.watched(), deletes: true,
				apply: assign(func(s *aegis.SecuritySpec) {
					s.AccessAnalyzer = s.AccessAnalyzer && !a.has("analyzer")
					s.CloudEvents = s.CloudEvents && !a.has("events")
					if a.has("threats") {
						s.ThreatDetection = nil
					}
					if a.has("hub") {
						s.SecurityHub = nil
					}
				}),
			}, nil
		},
	}
}

// watched names what is to stop.
func (a args) watched() string {
	for name, words := range map[string]string{
		"analyzer": "IAM Access Analyzer", "events": "hearing of changes that others make", "threats": "GuardDuty", "hub": "Security Hub",
	} {
		if a.has(name) {
			return words
		}
	}
	return ""
}
