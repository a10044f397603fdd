package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// secretIntents are about places for secrets; their values are never part of a
// goal.
func secretIntents() []intent {
	return []intent{dataAddSecret(), dataRemoveSecret(), dataSecretRecovery()}
}

const secretRecovery = 30

func secretsOf(s *aegis.DataSpec) map[string]aegis.SecretSpec { return s.Secrets }

func dataAddSecret() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_secret", Layer: aegis.LayerData,
			Summary:  "Make an empty place for a secret, recoverable for 30 days unless said otherwise; who knows the value puts it there.",
			Examples: []string{"add secret stripe-key", "create a secret named stripe-key recoverable for 14 days in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [empty] secret [named|called] <name:fresh> [recoverable|restorable [for] <d:duration>]",
			"@add [new] [empty] place for secret [named|called] <name:fresh> [recoverable|restorable [for] <d:duration>]",
			"@add [new] <name:fresh> secret [recoverable|restorable [for] <d:duration>]",
		},
		read: func(a args) (edit, error) {
			days := secretRecovery
			var err error
			if a.has("d") {
				days, err = wholeDays(a.duration())
			}
			return edit{
				summary: fmt.Sprintf("make a place for secret %s, recoverable for %s", a.text("name"), plural(days, "day")),
				apply: adding("a secret", a.text("name"), func(s *aegis.DataSpec) *map[string]aegis.SecretSpec { return &s.Secrets },
					aegis.SecretSpec{RecoveryDays: days}),
			}, err
		},
	}
}

func dataRemoveSecret() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_secret", Layer: aegis.LayerData,
			Summary:  "Remove a secret's place; the default policy denies it.",
			Examples: []string{"remove secret stripe-key", "delete the stripe-key secret in eu-west-1"},
		},
		phrasings: []string{"@remove secret [named|called] <name>", "@remove <name> secret"},
		read: func(a args) (edit, error) {
			return edit{
				summary: "remove secret " + a.text("name"), deletes: true, disrupts: true,
				apply: dropping("secret", a.text("name"), secretsOf),
			}, nil
		},
	}
}

func dataSecretRecovery() intent {
	return intent{
		Intent: Intent{
			Name: "data.secret_recovery", Layer: aegis.LayerData,
			Summary:  "Set how long a deleted secret can be restored.",
			Examples: []string{"set the recovery window of secret stripe-key to 14 days", "keep all deleted secrets recoverable for 30 days"},
		},
		phrasings: append(thingShapes("", "secret", "secrets",
			"@set recovery|deletion window|period of|for %s to <d:duration>", "@keep %s recoverable|restorable for <d:duration>",
		), "@keep <all:everyone> deleted secrets recoverable|restorable for <d:duration>"),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("keep %s recoverable for %s", thingWords(a, "secret", "secrets"), plural(n, "day")),
				apply: onThings(a, "secret", secretsOf, func(s *aegis.SecretSpec) error {
					s.RecoveryDays = n
					return nil
				}),
			}, err
		},
	}
}
