package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// lockIntents are about buckets whose versions nobody can delete for a time.
func lockIntents() []intent { return []intent{dataAddLockedBucket()} }

func dataAddLockedBucket() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_locked_bucket", Layer: aegis.LayerData,
			Summary:  "Add a bucket with object lock, in mode governance unless compliance is said; old versions stay for as long.",
			Examples: []string{"add bucket evidence with object lock in compliance mode for 365 days", "create a bucket named evidence locked for 1 year in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [s3] bucket [named|called] <name:fresh> with object lock [in <mode:mode> mode] for|of <d:duration>",
			"@add [new] [s3] bucket [named|called] <name:fresh> locked [in <mode:mode> mode] for <d:duration>",
			"@add [new] <name:fresh> [s3] bucket with object lock [in <mode:mode> mode] for|of <d:duration>",
		},
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			mode := a.text("mode")
			if mode == "" {
				mode = "governance"
			}
			return edit{
				summary: fmt.Sprintf("add bucket %s, locked for %s in mode %s", a.text("name"), plural(n, "day"), mode),
				apply: adding("a bucket", a.text("name"), func(s *aegis.DataSpec) *map[string]aegis.BucketSpec { return &s.Buckets },
					aegis.BucketSpec{NoncurrentExpireDays: max(n, 30), Lock: &aegis.ObjectLockSpec{Mode: mode, Days: n}}),
			}, err
		},
	}
}
