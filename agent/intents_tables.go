package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// tableIntents are about DynamoDB tables, which are paid by the request:
// throughput is no parameter.
func tableIntents() []intent { return []intent{dataAddTable(), dataRemoveTable(), dataTableTTL()} }

func tablesOf(s *aegis.DataSpec) map[string]aegis.TableSpec { return s.Tables }

func dataAddTable() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_table", Layer: aegis.LayerData,
			Summary:  "Add a DynamoDB table with its keys, encrypted, with point-in-time recovery and deletion protection.",
			Examples: []string{"add table locks with hash key LockID", "create a dynamodb table named carts with hash key user and range key item and ttl expires in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [dynamodb] table [named|called] <name:fresh> with hash|partition|primary key <hash:name> [and|with range|sort key <range:name>] [and|with ttl [attribute|on] <ttl:name>]",
			"@add [new] <name:fresh> [dynamodb] table with hash|partition|primary key <hash:name> [and|with range|sort key <range:name>] [and|with ttl [attribute|on] <ttl:name>]",
		},
		read: func(a args) (edit, error) {
			table := aegis.TableSpec{HashKey: a.text("hash"), RangeKey: a.text("range"), TTLAttribute: a.text("ttl")}
			return edit{
				summary: fmt.Sprintf("add table %s with hash key %s", a.text("name"), table.HashKey),
				apply:   adding("a table", a.text("name"), func(s *aegis.DataSpec) *map[string]aegis.TableSpec { return &s.Tables }, table),
			}, nil
		},
	}
}

func dataRemoveTable() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_table", Layer: aegis.LayerData,
			Summary:  "Remove a DynamoDB table with its items; the default policy denies it.",
			Examples: []string{"remove table locks", "delete the locks table in eu-west-1"},
		},
		phrasings: []string{"@remove [dynamodb] table [named|called] <name>", "@remove <name> [dynamodb] table"},
		read: func(a args) (edit, error) {
			return edit{
				summary: "remove table " + a.text("name"), deletes: true, disrupts: true,
				apply: dropping("table", a.text("name"), tablesOf),
			}, nil
		},
	}
}

func dataTableTTL() intent {
	return intent{
		Intent: Intent{
			Name: "data.table_ttl", Layer: aegis.LayerData,
			Summary:  "Have a table's items deleted at the time that an attribute holds.",
			Examples: []string{"set the ttl attribute of table locks to expires", "expire items of the locks table by attribute expires"},
		},
		phrasings: thingShapes("dynamodb", "table", "tables",
			"@set ttl attribute of|on|for %s to <ttl:name>", "expire items of|in %s by attribute <ttl:name>", "enable|turn_on ttl on|for %s with|by attribute <ttl:name>",
		),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("expire items of %s by attribute %s", thingWords(a, "table", "tables"), a.text("ttl")),
				apply: onThings(a, "table", tablesOf, func(t *aegis.TableSpec) error {
					t.TTLAttribute = a.text("ttl")
					return nil
				}),
			}, nil
		},
	}
}
