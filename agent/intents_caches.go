package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// cacheIntents size Redis caches.
func cacheIntents() []intent {
	return []intent{dataAddCache(), dataRemoveCache(), dataCacheType(), dataCacheReplicas(), dataCacheShards(), dataCacheSnapshots()}
}

const (
	cacheVersion = "7.1"
	cacheType    = "cache.t4g.small"
)

// dataSubnets is what data stores with servers need of layer network.
func dataSubnets() []need {
	return []need{{layer: aegis.LayerNetwork, edit: edit{
		summary: "make subnets for data stores", apply: assign(func(s *aegis.NetworkSpec) { s.DataSubnets = true }),
	}}}
}

func cachesOf(s *aegis.DataSpec) map[string]aegis.CacheSpec { return s.Caches }

func dataAddCache() intent {
	return intent{
		Intent: Intent{
			Name: "data.add_cache", Layer: aegis.LayerData,
			Summary:  "Add an encrypted Redis cache, of one shard and cache.t4g.small unless said otherwise, in subnets for data stores.",
			Examples: []string{"add cache sessions of type cache.t4g.small with 1 shard and 1 replica", "create a redis cache named sessions in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [redis|elasticache] cache [named|called] <name:fresh> [of|with type <type:cacheclass>] [with <n:count> shards|shard] [with|and <m:count> replicas|replica]",
			"@add [new] <name:fresh> [redis|elasticache] cache [of|with type <type:cacheclass>] [with <n:count> shards|shard] [with|and <m:count> replicas|replica]",
		},
		needs: dataSubnets(),
		read: func(a args) (edit, error) {
			cache := aegis.CacheSpec{EngineVersion: cacheVersion, NodeType: cacheType, Shards: a.orElse("n", 1), Replicas: a.orElse("m", 0)}
			if a.has("type") {
				cache.NodeType = a.text("type")
			}
			if cache.Shards > 1 && !a.has("m") {
				cache.Replicas = 1
			}
			return edit{
				summary: fmt.Sprintf("add cache %s of %s with %s and %s", a.text("name"), cache.NodeType, plural(cache.Shards, "shard"), plural(cache.Replicas, "replica")),
				apply:   adding("a cache", a.text("name"), func(s *aegis.DataSpec) *map[string]aegis.CacheSpec { return &s.Caches }, cache),
			}, nil
		},
	}
}

func dataRemoveCache() intent {
	return intent{
		Intent: Intent{
			Name: "data.remove_cache", Layer: aegis.LayerData,
			Summary:  "Remove a cache with what it holds; the default policy denies it.",
			Examples: []string{"remove cache sessions", "delete the sessions cache in eu-west-1"},
		},
		phrasings: []string{"@remove [redis|elasticache] cache [named|called] <name>", "@remove <name> [redis|elasticache] cache"},
		read: func(a args) (edit, error) {
			return edit{
				summary: "remove cache " + a.text("name"), deletes: true, disrupts: true,
				apply: dropping("cache", a.text("name"), cachesOf),
			}, nil
		},
	}
}

func cacheShapes(phrasings ...string) []string {
	return thingShapes("redis|elasticache", "cache", "caches", phrasings...)
}

func dataCacheType() intent {
	return intent{
		Intent: Intent{
			Name: "data.cache_type", Layer: aegis.LayerData,
			Summary:  "Change a cache's node type.",
			Examples: []string{"move cache sessions to cache.r7g.large", "set the node type of the sessions cache to cache.t4g.medium in eu-west-1"},
		},
		phrasings: cacheShapes(
			"@set|move|migrate|resize|upgrade|run %s [node|instance] [type|class] to|on|onto <type:cacheclass>",
			"@set [node|instance] type|class of|for %s to <type:cacheclass>", "use <type:cacheclass> for|in %s",
		),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("run %s on %s", thingWords(a, "cache", "caches"), a.text("type")),
				apply: onThings(a, "cache", cachesOf, func(c *aegis.CacheSpec) error {
					c.NodeType = a.text("type")
					return nil
				}),
			}, nil
		},
	}
}

// cacheNumber is an intent that sets a number of a cache.
func cacheNumber(in Intent, noun string, phrasings []string, set func(*aegis.CacheSpec, int)) intent {
	return intent{
		Intent: in, phrasings: cacheShapes(phrasings...),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("have %s keep %s", thingWords(a, "cache", "caches"), plural(a.count("n"), noun)),
				apply: onThings(a, "cache", cachesOf, func(c *aegis.CacheSpec) error {
					set(c, a.count("n"))
					return nil
				}),
			}, nil
		},
	}
}

func dataCacheReplicas() intent {
	return cacheNumber(Intent{
		Name: "data.cache_replicas", Layer: aegis.LayerData,
		Summary:  "Set how many copies each shard of a cache has in other zones.",
		Examples: []string{"give cache sessions 2 replicas", "set the replicas of all caches to 2 in eu-west-1"},
	}, "replica", []string{
		"give %s <n:count> replicas|replica", "@set [number|count] [of] replicas|replica [count] of|for|in %s to <n:count>", "@set %s to <n:count> replicas|replica",
		"run %s with <n:count> replicas|replica",
	}, func(c *aegis.CacheSpec, n int) { c.Replicas = n })
}

func dataCacheShards() intent {
	return cacheNumber(Intent{
		Name: "data.cache_shards", Layer: aegis.LayerData,
		Summary:  "Set the number of shards of a cache.",
		Examples: []string{"give cache sessions 3 shards", "set the shards of the sessions cache to 2"},
	}, "shard", []string{
		"give %s <n:count> shards|shard", "@scale [number|count] [of] shards|shard [count] of|for|in %s to <n:count>", "@scale %s to <n:count> shards|shard",
		"run %s with <n:count> shards|shard",
	}, func(c *aegis.CacheSpec, n int) { c.Shards = n })
}

func dataCacheSnapshots() intent {
	return intent{
		Intent: Intent{
			Name: "data.cache_snapshots", Layer: aegis.LayerData,
			Summary:  "Set for how long daily snapshots of a cache are kept.",
			Examples: []string{"keep snapshots of cache sessions for 7 days", "set snapshot retention of all caches to 2 weeks"},
		},
		phrasings: cacheShapes(
			"@keep [daily] snapshots|snapshot|backups of %s for <d:duration>", "@set snapshot|backup retention [period] of|for %s to <d:duration>",
		),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("keep snapshots of %s for %s", thingWords(a, "cache", "caches"), plural(n, "day")),
				apply: onThings(a, "cache", cachesOf, func(c *aegis.CacheSpec) error {
					c.SnapshotDays = n
					return nil
				}),
			}, err
		},
	}
}
