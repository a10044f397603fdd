package stacks_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// backupRole is the workload role that backups need.
const backupRole = `"backup":{"service":"backup.amazonaws.com","actions":["dynamodb:CreateBackup","dynamodb:DescribeTable"]}`

// A life of a layer data that stores things: made by the executor, clean,
// changed, clean, destroyed.
func TestDataStoresConverge(t *testing.T) {
	t.Parallel()
	liveThrough(t, []string{aegis.LayerSecurity, aegis.LayerData}, map[string]string{
		aegis.LayerSecurity: `{"workload_roles":{` + backupRole + `}}`,
		aegis.LayerData: `{"tables":{"locks":{"hash_key":"LockID","ttl_attribute":"expires","deletable":true}},
			"secrets":{"token":{"recovery_days":7}},"backup":{"schedule":"cron(0 5 * * ? *)","delete_after_days":35},
			"buckets":{"evidence":{"expire_days":0,"noncurrent_expire_days":400,"archive_days":90,"lock":{"mode":"governance","days":365}}}}`,
	}, `{"backup":{"delete_after_days":14},"secrets":{"token":{"description":"of the release"}},
		"buckets":{"evidence":{"expire_days":900,"lock":{"days":360}}}}`)
}

// searchRole is the workload role that a search domain needs.
const searchRole = `"search":{"service":"ec2.amazonaws.com","actions":["es:ESHttpGet"]}`

func TestDataServersConverge(t *testing.T) {
	t.Parallel()
	liveThrough(t, []string{aegis.LayerSecurity, aegis.LayerNetwork, aegis.LayerData}, map[string]string{
		aegis.LayerSecurity: `{"workload_roles":{` + searchRole + `}}`,
		aegis.LayerNetwork:  `{"data_subnets":true}`,
		aegis.LayerData: `{"buckets":{"artifacts":null},"streams":{"events":null},
			"caches":{"hot":{"engine_version":"7.1","node_type":"cache.t4g.small","shards":1,"replicas":1,"snapshot_days":1,"settings":{"maxmemory-policy":"allkeys-lru"}}},
			"databases":{"main":{"engine_version":"16.6","instance_class":"db.r6g.large","instances":2,"database":"aegis","backup_days":7,"global":true,"deletable":true}},
			"search_domains":{"telemetry":{"engine_version":"OpenSearch_2.19","instance_type":"t3.small.search","nodes":3,"volume_gib":20,"admin_role":"search"}}}`,
	}, `{"databases":{"main":{"instance_class":"db.r6g.xlarge","backup_days":14}},
		"caches":{"hot":{"node_type":"cache.t4g.medium"}},"search_domains":{"telemetry":{"volume_gib":30}}}`)
}

// liveThrough takes the last of some layers of the small estate in eu-west-1, with
// patches by layer, through its life: the change is a patch of its parameters.
func liveThrough(t *testing.T, layers []string, patches map[string]string, change string) {
	t.Helper()
	l := newLife(t, newAccount(t, "eu-west-1"))
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"eu-west-1"})
	require.NoError(t, err)
	for _, spec := range specs {
		patch, wanted := patches[spec.Layer]
		if !wanted {
			continue
		}
		spec.Parameters = with(t, spec.Parameters, patch)
		l.make(t, spec)
		if spec.Layer != layers[len(layers)-1] {
			continue
		}
		l.still(t, spec)
		spec = patched(t, spec, change)
		l.make(t, spec)
		l.still(t, spec)
		requireSealed(t, l, spec)
		l.end(t, spec)
	}
}

// requireSealed proves that a stack's state holds no secret but the password of a
// global database's writer, and that none of the state's files tells it.
func requireSealed(t *testing.T, l life, spec aegis.Spec) {
	t.Helper()
	resources, err := resourcesOf(t.Context(), l.stack(t, spec))
	require.NoError(t, err)
	for _, one := range resources {
		text, err := json.Marshal([]any{one.Inputs, one.Outputs})
		require.NoError(t, err)
		require.NotContains(t, string(text), `"secretString"`)
		password, given := one.Inputs["masterPassword"]
		if !given {
			continue
		}
		require.NotEmpty(t, one.Inputs["globalClusterIdentifier"])
		secret, _ := password.(map[string]any)
		require.Equal(t, sig.Secret, secret[sig.Key])
		shown, _ := secret["plaintext"].(string)
		value := strings.Trim(shown, `"`)
		require.NotEmpty(t, value)
		requireUntold(t, filepath.Join(l.dir, ".pulumi"), value)
	}
}

// requireUntold proves that no file below a folder has the text.
func requireUntold(t *testing.T, folder, text string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), text, path)
		files++
		return err
	}))
	require.NotZero(t, files)
}
