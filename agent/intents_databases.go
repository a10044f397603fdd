package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// databaseIntents size Aurora PostgreSQL clusters.
func databaseIntents() []intent {
	return []intent{dataAddDatabase(), dataRemoveDatabase(), dataDatabaseClass(), dataDatabaseInstances(), dataDatabaseBackups()}
}

const (
	databaseVersion = "16.6"
	databaseClass   = "db.r6g.large"
	databaseBackups = 7
)

func databasesOf(s *aegis.DataSpec) map[string]aegis.DatabaseSpec { return s.Databases }

func databaseShapes(phrasings ...string) []string {
	return thingShapes("aurora|postgres|postgresql", "database|db", "databases", phrasings...)
}

func dataAddDatabase() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_database", Layer: aegis.LayerData,
			Summary:  "Add an encrypted Aurora PostgreSQL cluster, of one db.r6g.large unless said otherwise, that can be restored for a week, in subnets for data stores.",
			Examples: []string{"add database orders of class db.r6g.large with 2 instances", "create a postgres database named orders in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [aurora|postgres|postgresql] database|db [named|called] <name:fresh> [of|with class|type <type:dbclass>] [with <n:count> instances|instance]",
			"@add [new] <name:fresh> [aurora|postgres|postgresql] database|db [of|with class|type <type:dbclass>] [with <n:count> instances|instance]",
		},
		needs: dataSubnets(),
		read: func(a args) (edit, error) {
			db := aegis.DatabaseSpec{
				EngineVersion: databaseVersion, InstanceClass: databaseClass, Instances: a.orElse("n", 1), Database: a.text("name"), BackupDays: databaseBackups,
			}
			if a.has("type") {
				db.InstanceClass = a.text("type")
			}
			return edit{
				summary: fmt.Sprintf("add database %s of %d %s", db.Database, db.Instances, db.InstanceClass),
				apply:   adding("a database", db.Database, func(s *aegis.DataSpec) *map[string]aegis.DatabaseSpec { return &s.Databases }, db),
			}, nil
		},
	}
}

func dataRemoveDatabase() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_database", Layer: aegis.LayerData,
			Summary:  "Remove a database; a last snapshot stays, and the default policy denies it.",
			Examples: []string{"remove database orders", "delete the orders database in eu-west-1"},
		},
		phrasings: []string{"@remove [aurora|postgres|postgresql] database|db [named|called] <name>", "@remove <name> [aurora|postgres|postgresql] database|db"},
		read: func(a args) (edit, error) {
			return edit{
				summary: "remove database " + a.text("name"), deletes: true, disrupts: true,
				apply: dropping("database", a.text("name"), databasesOf),
			}, nil
		},
	}
}

func dataDatabaseClass() intent {
	return intent{
		Intent: Intent{
			Name: "data.database_class", Layer: aegis.LayerData,
			Summary:  "Change the class of a database's servers.",
			Examples: []string{"move database orders to db.r6g.xlarge", "set the instance class of the orders database to db.r6g.large in eu-west-1"},
		},
		phrasings: databaseShapes(
			"@set|move|migrate|resize|upgrade|run %s [instance] [type|class] to|on|onto <type:dbclass>",
			"@set [instance] type|class of|for %s to <type:dbclass>", "use <type:dbclass> for|in %s",
		),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("run %s on %s", thingWords(a, "database", "databases"), a.text("type")), disrupts: true,
				apply: onThings(a, "database", databasesOf, func(d *aegis.DatabaseSpec) error {
					d.InstanceClass = a.text("type")
					return nil
				}),
			}, nil
		},
	}
}

func dataDatabaseInstances() intent {
	return intent{
		Intent: Intent{
			Name: "data.database_instances", Layer: aegis.LayerData,
			Summary:  "Set how many servers a database has; the first writes.",
			Examples: []string{"give database orders 3 instances", "scale the orders database to 2 instances in eu-west-1"},
		},
		phrasings: databaseShapes(
			"give %s <n:count> instances|instance|servers", "@scale %s to <n:count> instances|instance|servers",
			"@scale [number|count] [of] instances|servers of|for %s to <n:count>",
		),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("run %s on %s", thingWords(a, "database", "databases"), plural(a.count("n"), "instance")),
				apply: onThings(a, "database", databasesOf, func(d *aegis.DatabaseSpec) error {
					d.Instances = a.count("n")
					return nil
				}),
			}, nil
		},
	}
}

func dataDatabaseBackups() intent {
	return intent{
		Intent: Intent{
			Name: "data.database_backups", Layer: aegis.LayerData,
			Summary:  "Set how far back a database can be restored to any second.",
			Examples: []string{"keep backups of database orders for 14 days", "set point in time recovery of the orders database to 30 days"},
		},
		phrasings: databaseShapes(
			"@keep backups|snapshots of %s for <d:duration>", "@set backup|restore|pitr|point_in_time recovery|retention|window|period [period|window] of|for %s to <d:duration>",
			"@set pitr|point_in_time_recovery|recovery|backup of|for %s to <d:duration>",
		),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("keep backups of %s for %s", thingWords(a, "database", "databases"), plural(n, "day")),
				apply: onThings(a, "database", databasesOf, func(d *aegis.DatabaseSpec) error {
					d.BackupDays = n
					return nil
				}),
			}, err
		},
	}
}
