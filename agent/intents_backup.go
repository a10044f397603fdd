package agent

import (
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// backupIntents are about the plan of AWS Backup.
func backupIntents() []intent { return []intent{dataBackup(), dataBackupCold()} }

const (
	backupHour = 5
	backupKeep = 35
)

// backupRole is the role that AWS Backup takes.
func backupRole() []need {
	return []need{{layer: aegis.LayerSecurity, edit: edit{
		summary: "make the role that makes backups",
		apply: assign(func(s *aegis.SecuritySpec) {
			if _, ok := s.WorkloadRoles[aegis.BackupRole]; ok {
				return
			}
			if s.WorkloadRoles == nil {
				s.WorkloadRoles = map[string]aegis.WorkloadRole{}
			}
			s.WorkloadRoles[aegis.BackupRole] = aegis.WorkloadRole{Service: "backup.amazonaws.com", Actions: []string{
				"backup:CopyIntoBackupVault", "dynamodb:CreateBackup", "dynamodb:DescribeTable",
			}}
		}),
	}}}
}

func dataBackup() intent {
	return intent{
		Intent: Intent{
			Name: "data.backup", Layer: aegis.LayerData,
			Summary:  "Back layer data up every day or week, at a time in UTC, and keep the backups, for 35 days unless said otherwise; with the role that makes them.",
			Examples: []string{"back up the data layer every day at 3 am and keep backups for 35 days", "keep backups for 60 days in eu-west-1", "back up the data every week"},
		},
		phrasings: []string{
			"back_up|backup [all] data|everything [layer|stores] every|each|once <every:period> [at <at:clock>] [and] [@keep [backups] for <d:duration>]",
			"back_up|backup [all] data|everything [layer|stores] <every:period> [at <at:clock>] [and] [@keep [backups] for <d:duration>]",
			"take|make <every:period> backups [of data] [layer] [at <at:clock>] [and] [@keep [them] for <d:duration>]",
			"@keep [all] backups for <d:duration>", "@set backup retention [period] to <d:duration>", "enable|turn_on|switch_on|@add <on:mark> backups [for data] [layer]",
		},
		needs: backupRole(),
		read:  readBackup,
	}
}

// readBackup changes what is said of a plan that is there, and completes a new one.
func readBackup(a args) (edit, error) {
	days, err := backupKeep, error(nil)
	if a.has("d") {
		days, err = wholeDays(a.duration())
	}
	schedule := ""
	if at, timed := a.clock("at"); timed || a.has("every") {
		if !timed {
			at = clock{hour: backupHour}
		}
		schedule = cron(a.text("every"), at)
	}
	summary := "back layer data up"
	if schedule != "" {
		summary += " by " + schedule
	}
	if a.has("d") {
		summary += fmt.Sprintf(" and keep backups for %s", plural(days, "day"))
	}
	return edit{summary: summary, apply: assign(func(s *aegis.DataSpec) {
		plan := aegis.BackupSpec{Schedule: cron("day", clock{hour: backupHour}), DeleteAfterDays: backupKeep}
		if s.Backup != nil {
			plan = *s.Backup
		}
		if schedule != "" {
			plan.Schedule = schedule
		}
		if a.has("d") {
			plan.DeleteAfterDays = days
		}
		s.Backup = &plan
	})}, err
}

// cron is EventBridge's expression of a period and a time of the day.
func cron(every string, at clock) string {
	days := "* * ?"
	if strings.HasPrefix(every, "week") {
		days = "? * SUN"
	}
	return fmt.Sprintf("cron(%d %d %s *)", at.minute, at.hour, days)
}

func dataBackupCold() intent {
	return intent{
		Intent: Intent{
			Name: "data.backup_cold", Layer: aegis.LayerData,
			Summary:  "Move backups to cold storage after some time; it keeps them for 90 days or more.",
			Examples: []string{"move backups to cold storage after 30 days", "move all backups to cold storage after 2 weeks in eu-west-1"},
		},
		phrasings: []string{"move [all] backups to cold storage after <d:duration>"},
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: "move backups to cold storage after " + plural(n, "day"),
				apply: on(func(s *aegis.DataSpec, _ func(string)) error {
					if s.Backup == nil {
						return refuse("there are no backups: say how often and for how long first")
					}
					s.Backup.ColdAfterDays = n
					return nil
				}),
			}, err
		},
	}
}
