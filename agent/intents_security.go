package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// securityIntents set the life of keys and sessions and what roles may do.
func securityIntents() []intent {
	return []intent{securityKeyRotation(), securityKeyDeletion(), securitySession(), securityAllowAction(), securityRevokeAction(), securityRemoveRole()}
}

func securityKeyRotation() intent {
	return intent{
		Intent: Intent{
			Name: "security.key_rotation", Layer: aegis.LayerSecurity,
			Summary:  "Set how often the KMS keys rotate.",
			Examples: []string{"rotate the keys every 180 days", "set key rotation to 6 months in eu-west-1", "rotate kms keys every year"},
		},
		phrasings: []string{
			"rotate [all] [kms|encryption] keys|key every|each <d:duration>",
			"rotate [all] [kms|encryption] keys|key at_least <most:mark> every|once_every <d:duration>",
			"@set [kms|encryption] key|keys rotation [period|interval] to <d:duration>",
			"@set rotation [period|interval] of [all] [kms|encryption] keys to <d:duration>",
		},
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: "rotate the keys every " + plural(n, "day"),
				apply:   assign(func(s *aegis.SecuritySpec) { s.KeyRotationDays = a.within(s.KeyRotationDays, n) }),
			}, err
		},
	}
}

func securityKeyDeletion() intent {
	return intent{
		Intent: Intent{
			Name: "security.key_deletion", Layer: aegis.LayerSecurity,
			Summary:  "Set how long a deleted KMS key can be restored.",
			Examples: []string{"set the key deletion window to 30 days", "keep deleted keys for two weeks in us-east-1"},
		},
		phrasings: []string{
			"@set [kms|encryption] key|keys deletion window|period|delay to <d:duration>",
			"@keep deleted [kms|encryption] keys [restorable|recoverable] for <d:duration>",
		},
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: "keep deleted keys restorable for " + plural(n, "day"),
				apply:   assign(func(s *aegis.SecuritySpec) { s.KeyDeletionWindowDays = n }),
			}, err
		},
	}
}

func securitySession() intent {
	return intent{
		Intent: Intent{
			Name: "security.session", Layer: aegis.LayerSecurity,
			Summary:  "Set the longest session of the executor role.",
			Examples: []string{"limit executor sessions to 2 hours", "set the executor session length to 90 minutes in eu-west-1"},
		},
		phrasings: []string{
			"@set executor [role] session|sessions [length|duration|limit|time] to <d:duration>",
			"limit|cap executor [role] session|sessions [length|duration] to|at <d:duration>",
		},
		read: func(a args) (edit, error) {
			d := a.duration()
			return edit{
				summary: fmt.Sprintf("limit executor sessions to %s", seconds(d)),
				apply:   assign(func(s *aegis.SecuritySpec) { s.ExecutorSessionSeconds = int(min(d/time.Second, most)) }),
			}, nil
		},
	}
}

func securityAllowAction() intent {
	return intent{
		Intent: Intent{
			Name: "security.allow_action", Layer: aegis.LayerSecurity,
			Summary:  "Let a workload role call one more IAM action on the estate's resources.",
			Examples: []string{"allow role node to call kinesis:GetRecords", "grant s3:DeleteObject to the node role in eu-west-1"},
		},
		phrasings: []string{
			"allow|let|permit role <role:name> [to] call|use|do|perform|run <acts:actions>",
			"allow|let|permit <role:name> role [to] call|use|do|perform|run <acts:actions>",
			"allow|grant|add|give [action|permission] <acts:actions> to|for role <role:name>",
			"allow|grant|add|give [action|permission] <acts:actions> to|for <role:name> role",
			"grant|give role <role:name> [permission] [to] [call] <acts:actions>",
		},
		read: func(a args) (edit, error) { return allowActions(a.text("role"), a.list("acts")), nil },
	}
}

func securityRevokeAction() intent {
	return intent{
		Intent: Intent{
			Name: "security.revoke_action", Layer: aegis.LayerSecurity,
			Summary:  "Take an IAM action away from a workload role.",
			Examples: []string{"revoke s3:PutObject from role node", "forbid the node role to call ssm:GetParameters in eu-west-1"},
		},
		phrasings: []string{
			"revoke|@remove|take|withdraw [action|permission] <acts:actions> from role <role:name>",
			"revoke|@remove|take|withdraw [action|permission] <acts:actions> from <role:name> role",
			"forbid|deny|stop role <role:name> [to|from] call|use|calling|using <acts:actions>",
			"forbid|deny|stop <role:name> role [to|from] call|use|calling|using <acts:actions>",
		},
		read: func(a args) (edit, error) { return revokeActions(a.text("role"), a.list("acts")), nil },
	}
}

func securityRemoveRole() intent {
	return intent{
		Intent: Intent{
			Name: "security.remove_role", Layer: aegis.LayerSecurity,
			Summary:  "Remove a workload role.",
			Examples: []string{"remove role batch", "delete the workload role batch in eu-west-1"},
		},
		phrasings: []string{"@remove [workload|iam] role [named|called] <role:name>", "@remove <role:name> role"},
		read: func(a args) (edit, error) {
			role := a.text("role")
			return edit{
				summary: "remove role " + role, deletes: true, disrupts: true,
				apply: assign(func(s *aegis.SecuritySpec) {
					s.WorkloadRoles = maps.Clone(s.WorkloadRoles)
					delete(s.WorkloadRoles, role)
				}),
			}, nil
		},
	}
}

func allowActions(role string, wanted []string) edit {
	return edit{
		summary: fmt.Sprintf("let role %s call %s", role, strings.Join(wanted, ", ")),
		apply: onRole(role, func(actions []string, say func(string)) ([]string, error) {
			for _, action := range wanted {
				if slices.ContainsFunc(actions, func(a string) bool { return strings.EqualFold(a, action) }) {
					say(fmt.Sprintf("role %s may call %s already", role, action))
					continue
				}
				actions = append(actions, action)
			}
			return actions, nil
		}),
	}
}

func revokeActions(role string, unwanted []string) edit {
	return edit{
		summary: fmt.Sprintf("stop role %s from calling %s", role, strings.Join(unwanted, ", ")), disrupts: true,
		apply: onRole(role, func(actions []string, _ func(string)) ([]string, error) {
			left := slices.DeleteFunc(actions, func(a string) bool {
				return slices.ContainsFunc(unwanted, func(action string) bool { return strings.EqualFold(a, action) })
			})
			if len(left) == 0 {
				return nil, refuse("role %s would have no action left; remove the role instead", role)
			}
			return left, nil
		}),
	}
}

// onRole changes the actions of a role that exists.
func onRole(role string, alter func([]string, func(string)) ([]string, error)) change {
	return func(parameters json.RawMessage, say func(string)) (json.RawMessage, error) {
		return on(func(s *aegis.SecuritySpec, say func(string)) error {
			r, ok := s.WorkloadRoles[role]
			if !ok {
				return refuse("there is no role %q; %s", role, oneOf("the roles are", slices.Sorted(maps.Keys(s.WorkloadRoles))))
			}
			actions, err := alter(slices.Clone(r.Actions), say)
			if err != nil {
				return err
			}
			r.Actions = actions
			s.WorkloadRoles[role] = r
			return nil
		})(parameters, say)
	}
}

// wholeDays is a duration in days; one that is no whole number of days is
// refused.
func wholeDays(d time.Duration) (int, error) {
	if d%day != 0 && d != maxDuration {
		return 0, refuse("%s is no whole number of days", d)
	}
	return int(min(d/day, most)), nil
}

func seconds(d time.Duration) string { return plural(int(min(d/time.Second, most)), "second") }
