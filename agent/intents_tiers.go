package agent

import (
	"fmt"
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// tierIntents move objects of buckets to cheaper storage.
func tierIntents() []intent {
	return []intent{dataInfrequent(), dataArchive()}
}

func dataInfrequent() intent {
	return intent{
		Intent: Intent{
			Name: "data.bucket_infrequent", Layer: aegis.LayerData,
			Summary:  "Move a bucket's objects to infrequent access after some time, 30 days or more.",
			Examples: []string{"move objects in bucket artifacts to infrequent access after 30 days", "move objects in all buckets to infrequent access after 60 days"},
		},
		phrasings: bucketShapes("move objects|files in|of %s to infrequent access after <d:duration>"),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("move objects in %s to infrequent access after %s", bucketWords(a), plural(n, "day")),
				apply:   onBuckets(a, func(b *aegis.BucketSpec) { b.InfrequentDays = n }),
			}, err
		},
	}
}

func dataArchive() intent {
	return intent{
		Intent: Intent{
			Name: "data.bucket_archive", Layer: aegis.LayerData,
			Summary:  "Move a bucket's objects to instant-retrieval archives after some time.",
			Examples: []string{"archive objects in bucket artifacts after 90 days", "archive files in all buckets after 1 year"},
		},
		phrasings: bucketShapes("archive objects|files in|of %s after <d:duration>"),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("archive objects in %s after %s", bucketWords(a), plural(n, "day")),
				apply:   onBuckets(a, func(b *aegis.BucketSpec) { b.ArchiveDays = n }),
			}, err
		},
	}
}

// with is the list with a value that it may have already.
func with(list []string, value string) []string {
	if slices.Contains(list, value) {
		return list
	}
	return append(slices.Clone(list), value)
}
