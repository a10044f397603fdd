package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	aegis "github.com/aegisworld/aegis"
)

// bucketIntents are about S3 buckets. Encryption, versioning and the public
// access block are no parameters.
func bucketIntents() []intent {
	return []intent{dataBucketVersions(), dataBucketExpiry(), dataAddBucket(), dataRemoveBucket()}
}

func dataBucketVersions() intent {
	return intent{
		Intent: Intent{
			Name: "data.bucket_versions", Layer: aegis.LayerData,
			Summary:  "Set after how long a bucket's old versions are deleted.",
			Examples: []string{"keep old versions in the artifacts bucket for 60 days", "expire old versions in all buckets after 30 days"},
		},
		phrasings: bucketShapes(
			"@keep old|previous|noncurrent|non-current versions [of_objects] in|of %s [for] <d:duration>",
			"@keep old|previous|noncurrent|non-current versions [for] <d:duration> in %s",
			"expire|delete|@remove old|previous|noncurrent|non-current versions in|of|from %s after <d:duration>",
			"expire|delete|@remove old|previous|noncurrent|non-current versions after <d:duration> in %s",
			"@keep old|previous|noncurrent|non-current versions in %s for at_least <least:mark> <d:duration>",
			"@keep old|previous|noncurrent|non-current versions in %s for at_most <most:mark> <d:duration>",
		),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("keep old versions in %s for %s", bucketWords(a), a.bound()+plural(n, "day")),
				apply:   onBuckets(a, func(b *aegis.BucketSpec) { b.NoncurrentExpireDays = a.within(b.NoncurrentExpireDays, n) }),
			}, err
		},
	}
}

func dataBucketExpiry() intent {
	return intent{
		Intent: Intent{
			Name: "data.bucket_expiry", Layer: aegis.LayerData,
			Summary:  "Set after how long a bucket's objects are deleted, or that they never are.",
			Examples: []string{"expire objects in bucket artifacts after 90 days", "never expire objects in the artifacts bucket", "keep objects in all buckets for 1 year"},
		},
		phrasings: bucketShapes(
			"expire|delete|@remove objects|files in|of|from %s after <d:duration>",
			"expire|delete|@remove objects|files after <d:duration> in %s",
			"@keep objects|files in|of %s for <d:duration>",
			"never|don't|do_not expire|delete objects|files in|of|from %s",
			"@keep objects|files in|of %s forever|for_ever|indefinitely",
		),
		read: readExpiry,
	}
}

func dataAddBucket() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_bucket", Layer: aegis.LayerData,
			Summary:  "Add a bucket that keeps objects for ever and old versions for 30 days.",
			Examples: []string{"add bucket reports", "create a bucket named reports in eu-west-1"},
		},
		phrasings: []string{"@add [new] [s3] bucket [named|called] <name:fresh>", "@add [new] <name:fresh> [s3] bucket"},
		read: func(a args) (edit, error) {
			name := a.text("name")
			return edit{
				summary: "add bucket " + name,
				apply: on(func(s *aegis.DataSpec, say func(string)) error {
					if s.Buckets == nil {
						s.Buckets = map[string]aegis.BucketSpec{}
					}
					if _, exists := s.Buckets[name]; exists {
						say(fmt.Sprintf("bucket %s exists already", name))
						return nil
					}
					s.Buckets[name] = aegis.BucketSpec{NoncurrentExpireDays: 30}
					return nil
				}),
			}, nil
		},
	}
}

func dataRemoveBucket() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_bucket", Layer: aegis.LayerData,
			Summary:  "Remove a bucket with its objects; the default policy denies it.",
			Examples: []string{"remove bucket artifacts", "delete the artifacts bucket in eu-west-1"},
		},
		phrasings: []string{"@remove [s3] bucket [named|called] <name>", "@remove <name> [s3] bucket"},
		read: func(a args) (edit, error) {
			name := a.text("name")
			return edit{
				summary: "remove bucket " + name, deletes: true, disrupts: true,
				apply: assign(func(s *aegis.DataSpec) {
					s.Buckets = maps.Clone(s.Buckets)
					delete(s.Buckets, name)
				}),
			}, nil
		},
	}
}

func readExpiry(a args) (edit, error) {
	if !a.has("d") {
		return edit{
			summary: "never delete objects in " + bucketWords(a),
			apply:   onBuckets(a, func(b *aegis.BucketSpec) { b.ExpireDays = 0 }),
		}, nil
	}
	n, err := wholeDays(a.duration())
	if err == nil && n == 0 {
		err = refuse("objects can't expire after 0 days; say “never expire objects” to keep them")
	}
	return edit{
		summary: fmt.Sprintf("delete objects in %s after %s", bucketWords(a), plural(n, "day")),
		apply:   onBuckets(a, func(b *aegis.BucketSpec) { b.ExpireDays = n }),
	}, err
}

// bucketShapes writes each phrasing with every way of naming buckets.
func bucketShapes(phrasings ...string) (all []string) {
	for _, p := range phrasings {
		for _, shape := range []string{"<all:everyone> [s3] buckets|bucket", "[s3] bucket <name>", "<name> [s3] bucket", "[s3] bucket"} {
			all = append(all, fmt.Sprintf(p, shape))
		}
	}
	return all
}

func bucketWords(a args) string {
	switch {
	case a.has("all"):
		return "all buckets"
	case a.has("name"):
		return "bucket " + a.text("name")
	default:
		return "the bucket"
	}
}

// onBuckets changes the buckets that a phrase means.
func onBuckets(a args, alter func(*aegis.BucketSpec)) change {
	return func(parameters json.RawMessage, say func(string)) (json.RawMessage, error) {
		return on(func(s *aegis.DataSpec, _ func(string)) error {
			names, err := chosen(a, "bucket", slices.Sorted(maps.Keys(s.Buckets)))
			if err != nil {
				return err
			}
			for _, name := range names {
				b := s.Buckets[name]
				alter(&b)
				s.Buckets[name] = b
			}
			return nil
		})(parameters, say)
	}
}
