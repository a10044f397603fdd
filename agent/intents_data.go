package agent

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// dataIntents are about logs and settings.
func dataIntents() []intent {
	return []intent{dataLogRetention(), dataAddLogGroup(), dataRemoveLogGroup(), dataSetSetting(), dataRemoveSetting()}
}

func dataLogRetention() intent {
	return intent{
		Intent: Intent{
			Name: "data.log_retention", Layer: aegis.LayerData,
			Summary:  "Set how long log groups keep logs, rounded up to the next period that CloudWatch offers.",
			Examples: []string{"keep logs for 90 days everywhere", "set log retention to 3 months in eu-west-1", "retain all logs for a year"},
		},
		phrasings: []string{
			"@keep [all] [cloudwatch] logs|log_groups [around] [for] <d:duration>",
			"@set [all] [cloudwatch] log|logs [group|groups] retention [period|time] to <d:duration>",
			"@set retention of|for [all] [cloudwatch] logs|log_groups to <d:duration>",
			"delete|expire logs after <d:duration>",
			"@keep [all] logs|log_groups [for] at_least|no_less_than <least:mark> <d:duration>",
			"@keep [all] logs|log_groups [for] at_most|no_more_than|no_longer_than|up_to <most:mark> <d:duration>",
		},
		read: readLogRetention,
	}
}

func dataAddLogGroup() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_log_group", Layer: aegis.LayerData,
			Summary:  "Add log groups.",
			Examples: []string{"add log group payments", "create log groups billing, orders and search in eu-west-1"},
		},
		phrasings: []string{"@add log_group|log_groups [named|called] <names>", "@add [new] log_group|log_groups [for] <names>"},
		read: func(a args) (edit, error) {
			names := a.list("names")
			return edit{
				summary: "add log group " + strings.Join(names, ", "),
				apply: assign(func(s *aegis.DataSpec) {
					for _, n := range names {
						if !slices.Contains(s.LogGroups, n) {
							s.LogGroups = append(s.LogGroups, n)
						}
					}
				}),
			}, nil
		},
	}
}

func dataRemoveLogGroup() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_log_group", Layer: aegis.LayerData,
			Summary:  "Remove log groups with their logs; the default policy denies it.",
			Examples: []string{"remove log group audit", "delete log groups app and audit in eu-west-1"},
		},
		phrasings: []string{"@remove log_group|log_groups [named|called] <names>"},
		read: func(a args) (edit, error) {
			names := a.list("names")
			return edit{
				summary: "remove log group " + strings.Join(names, ", "), deletes: true,
				apply: assign(func(s *aegis.DataSpec) {
					s.LogGroups = slices.DeleteFunc(slices.Clone(s.LogGroups), func(n string) bool { return slices.Contains(names, n) })
				}),
			}, nil
		},
	}
}

func dataSetSetting() intent {
	return intent{
		Intent: Intent{
			Name: "data.set_setting", Layer: aegis.LayerData,
			Summary:  "Set a setting (an SSM parameter) to a value; quote a value with spaces.",
			Examples: []string{"set setting log_level to debug", `set parameter banner to "back at noon" in eu-west-1`, "set the setting log_level=warn everywhere"},
		},
		phrasings: []string{
			"@set|@add|define [ssm|config|configuration] setting|parameter [named|called] <name> to|as|with|= [value] <value>",
			"@set|@add|define [ssm|config|configuration] setting|parameter <pair>",
			"@set|@add|define value of setting|parameter <name> to <value>",
		},
		read: readSetting,
	}
}

func dataRemoveSetting() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_setting", Layer: aegis.LayerData,
			Summary:  "Remove a setting.",
			Examples: []string{"remove setting log_level", "unset parameter banner in eu-west-1"},
		},
		phrasings: []string{"@remove|unset|clear [ssm|config|configuration] setting|parameter [named|called] <name>"},
		read: func(a args) (edit, error) {
			name := a.text("name")
			return edit{
				summary: "remove setting " + name, deletes: true,
				apply: assign(func(s *aegis.DataSpec) {
					s.Settings = maps.Clone(s.Settings)
					delete(s.Settings, name)
				}),
			}, nil
		},
	}
}

func readSetting(a args) (edit, error) {
	name, value := a.text("name"), a.text("value")
	if a.has("pair") {
		name, value, _ = strings.Cut(a.text("pair"), "=")
	}
	return edit{
		summary: fmt.Sprintf("set setting %s to %q", name, value),
		apply: assign(func(s *aegis.DataSpec) {
			settings := maps.Clone(s.Settings)
			if settings == nil {
				settings = map[string]string{}
			}
			settings[name] = value
			s.Settings = settings
		}),
	}, nil
}

// readLogRetention rounds up to what CloudWatch offers, the field's enum, and down for
// "at most".
func readLogRetention(a args) (edit, error) {
	d := a.duration()
	asked := int(min(math.Ceil(float64(d)/float64(day)), most))
	offered := enumOf[aegis.DataSpec]("log_retention_days")
	i := slices.IndexFunc(offered, func(n int) bool { return n >= asked })
	if i < 0 && !a.has("most") {
		return edit{}, refuse("logs can be kept for %d days at most", offered[len(offered)-1])
	}
	if i < 0 {
		i = len(offered)
	}
	if a.has("most") && (i == len(offered) || time.Duration(offered[i])*day > d) {
		if i--; i < 0 {
			return edit{}, refuse("CloudWatch keeps logs for a day at least")
		}
	}
	days := offered[i]
	summary := "keep logs for " + a.bound() + plural(days, "day")
	if time.Duration(days)*day != d {
		summary += fmt.Sprintf(" (CloudWatch offers no period of %s)", plural(asked, "day"))
	}
	return edit{summary: summary, apply: assign(func(s *aegis.DataSpec) { s.LogRetentionDays = a.within(s.LogRetentionDays, days) })}, nil
}

// bound says in words whether a match's value is a bound.
func (a args) bound() string {
	switch {
	case a.has("least"):
		return "at least "
	case a.has("most"):
		return "at most "
	default:
		return ""
	}
}

// within is the new value of a parameter: the one asked for, or the old one where that
// is within the bound that was asked for.
func (a args) within(old, asked int) int {
	switch {
	case a.has("least"):
		return max(old, asked)
	case a.has("most"):
		return min(old, asked)
	default:
		return asked
	}
}
