package stacks_test

import (
	"encoding/json"
	"slices"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func TestValidateData(t *testing.T) {
	t.Parallel()
	bucket := func(fields string) string {
		return `{"buckets":{"evidence":{"expire_days":0,"noncurrent_expire_days":400,` + fields + `}}}`
	}
	for name, test := range map[string]struct{ patch, field, message string }{
		"infrequent too early":         {bucket(`"infrequent_days":7`), "parameters.buckets.evidence.infrequent_days", "7 is below 30"},
		"archive too early":            {bucket(`"infrequent_days":60,"archive_days":70`), "parameters.buckets.evidence.archive_days", "30 days after infrequent_days 60"},
		"expiry before the archive":    {bucket(`"archive_days":90,"expire_days":90`), "parameters.buckets.evidence.expire_days", "not above 90"},
		"expiry of what is locked":     {bucket(`"expire_days":30,"lock":{"mode":"governance","days":90}`), "parameters.buckets.evidence.expire_days", "below lock.days 90"},
		"expiry of locked versions":    {bucket(`"lock":{"mode":"compliance","days":500}`), "parameters.buckets.evidence.noncurrent_expire_days", "below lock.days 500"},
		"mode of a lock":               {bucket(`"lock":{"mode":"soft","days":5}`), "parameters.buckets.evidence.lock.mode", "value must be one of"},
		"keys of one name":             {`{"tables":{"locks":{"hash_key":"id","range_key":"id"}}}`, "parameters.tables.locks.range_key", "hash_key, too"},
		"key as a time":                {`{"tables":{"locks":{"hash_key":"id","ttl_attribute":"id"}}}`, "parameters.tables.locks.ttl_attribute", "not a time"},
		"recovery of a secret":         {`{"secrets":{"token":{"recovery_days":1}}}`, "parameters.secrets.token.recovery_days", "minimum"},
		"value of a secret":            {`{"secrets":{"token":{"recovery_days":7,"value":"x"}}}`, "parameters.secrets.token.value", "is not a known name"},
		"schedule of five fields":      {`{"backup":{"schedule":"cron(0 5 * * ?)","delete_after_days":7}}`, "parameters.backup.schedule", "5 fields, not 6"},
		"backups deleted when cold":    {`{"backup":{"schedule":"cron(0 5 * * ? *)","delete_after_days":100,"cold_after_days":30}}`, "parameters.backup.delete_after_days", "90 days after cold_after_days 30"},
		"backups that are never kept":  {`{"backup":{"schedule":"cron(0 5 * * ? *)","delete_after_days":0}}`, "parameters.backup.delete_after_days", "minimum"},
		"class of a cache":             {`{"caches":{"hot":` + cacheWith(`"node_type":"cache.x9.mega"`) + `}}`, "parameters.caches.hot.node_type", `"cache.x9.mega" is not one of: cache.t4g.micro`},
		"shards without replicas":      {`{"caches":{"hot":` + cacheWith(`"shards":3,"replicas":0`) + `}}`, "parameters.caches.hot.replicas", "needs at least 1"},
		"cluster mode by hand":         {`{"caches":{"hot":` + cacheWith(`"settings":{"cluster-enabled":"yes"}`) + `}}`, "parameters.caches.hot.settings.cluster-enabled", "follows from shards"},
		"version of a cache":           {`{"caches":{"hot":` + cacheWith(`"engine_version":"9.9"`) + `}}`, "parameters.caches.hot.engine_version", "value must be one of"},
		"uneven nodes":                 {`{"search_domains":{"logs":` + searchWith(`"nodes":5`) + `}}`, "parameters.search_domains.logs.nodes", "do not spread evenly"},
		"even masters":                 {`{"search_domains":{"logs":` + searchWith(`"master_nodes":2,"master_type":"m6g.large.search"`) + `}}`, "parameters.search_domains.logs.master_nodes", "value must be one of"},
		"masters of no type":           {`{"search_domains":{"logs":` + searchWith(`"master_nodes":3`) + `}}`, "parameters.search_domains.logs.master_type", "is required"},
		"class of a domain":            {`{"search_domains":{"logs":` + searchWith(`"instance_type":"z1.huge.search"`) + `}}`, "parameters.search_domains.logs.instance_type", "is not one of"},
		"long name of a domain":        {`{"search_domains":{"telemetry-of-everything":` + searchWith(``) + `}}`, "parameters.search_domains.telemetry-of-everything", "characters, not 3 to 28"},
		"class of a database":          {`{"databases":{"main":` + databaseWith(`"instance_class":"db.z9.mega"`) + `}}`, "parameters.databases.main.instance_class", `"db.z9.mega" is not one of: db.t4g.medium`},
		"small global database":        {`{"databases":{"main":` + databaseWith(`"instance_class":"db.t4g.large","global":true`) + `}}`, "parameters.databases.main.instance_class", "not offered for global databases"},
		"version of a database":        {`{"databases":{"main":` + databaseWith(`"engine_version":"9.6"`) + `}}`, "parameters.databases.main.engine_version", "value must be one of"},
		"name that RDS refuses":        {`{"databases":{"main-":` + databaseWith(``) + `}}`, "parameters.databases.main-", "RDS refuses"},
		"schedule that is no schedule": {`{"backup":{"schedule":"daily","delete_after_days":7}}`, "parameters.backup.schedule", "pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFault(t, stacks.Validate(specOf(t, "data", test.patch)), test.field, test.message)
		})
	}
}

// cacheWith and searchWith are specs with some fields set otherwise.

func cacheWith(fields string) string {
	return mergedText(`{"engine_version":"7.1","node_type":"cache.t4g.small","shards":1,"replicas":1}`, fields)
}

func searchWith(fields string) string {
	return mergedText(`{"engine_version":"OpenSearch_2.19","instance_type":"t3.small.search","nodes":3,"volume_gib":20,"admin_role":"search"}`, fields)
}

func databaseWith(fields string) string {
	return mergedText(`{"engine_version":"16.6","instance_class":"db.r6g.large","instances":2,"database":"aegis","backup_days":7}`, fields)
}

func TestGlobalDatabasesAgree(t *testing.T) {
	t.Parallel()
	plan := stacks.Plan{
		Size: stacks.SizeSmall, Environment: "dev", Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"},
		Layers: map[string]json.RawMessage{
			"network": json.RawMessage(`{"data_subnets":true}`), "data": json.RawMessage(`{"databases":{"main":` + databaseWith(`"global":true`) + `}}`),
		},
		Stacks: map[string]json.RawMessage{},
	}
	specs, err := plan.Specs()
	require.NoError(t, err)
	made, err := stacks.OnPaper(specs)
	require.NoError(t, err)
	for _, spec := range specs {
		if spec.Layer != "data" {
			continue
		}
		primary := spec.Region == "us-east-1"
		require.Equal(t, !primary, slices.Contains(stacks.DependsOn(spec), "dev.data.us-east-1"))
		require.Contains(t, stacks.DependsOn(spec), "dev.network."+spec.Region)
		for _, one := range made[stacks.StackID(spec)] {
			require.False(t, one.Type == "aws_rds_global_cluster" && !primary, one.Address)
			if one.Type == "aws_rds_cluster" {
				password, given := one.After["master_password"]
				require.Equal(t, primary, given)
				require.True(t, !given || password == aegis.Masked, "masked")
				require.NotContains(t, one.After, "manage_master_user_password")
				require.Equal(t, true, one.After["deletion_protection"])
			}
		}
	}
	plan.Stacks["dev.data.eu-west-1"] = json.RawMessage(`{"databases":{"main":{"engine_version":"15.10"}}}`)
	_, err = plan.Specs()
	requireFault(t, err, "dev.data.eu-west-1.parameters.databases.main.engine_version", "15.10 is not 16.6")
	plan.Stacks["dev.data.us-east-1"] = json.RawMessage(`{"databases":null}`)
	_, err = plan.Specs()
	requireFault(t, err, "dev.data.eu-west-1.parameters.databases.main.global", `has no global database "main" to join`)
}

func mergedText(text, fields string) string {
	merged, err := jsonpatch.MergePatch([]byte(text), []byte("{"+fields+"}"))
	if err != nil {
		panic(err)
	}
	return string(merged)
}

func TestServersNeedTheirNetwork(t *testing.T) {
	t.Parallel()
	regions, roles := []string{"us-east-1"}, `{"workload_roles":{`+searchRole+`}}`
	data := `{"caches":{"hot":` + cacheWith(``) + `},"search_domains":{"logs":` + searchWith(``) + `}}`
	err := planned(t, regions, map[string]string{"data": data, "security": roles})
	requireFault(t, err, "dev.data.us-east-1.parameters", "need data_subnets of layer network")
	err = planned(t, regions, map[string]string{"data": data, "network": `{"data_subnets":true}`})
	requireFault(t, err, "dev.data.us-east-1.parameters.search_domains.logs.admin_role", "is no workload role")
	err = planned(t, regions, map[string]string{"data": data, "security": roles, "network": `{"data_subnets":true,"zones":1}`})
	requireFault(t, err, "dev.data.us-east-1.parameters.search_domains.logs.nodes", "are in 3 zones, and layer network has 1")
	requireFault(t, err, "dev.data.us-east-1.parameters.caches.hot.replicas", "layer network has 1")
	require.NoError(t, planned(t, regions, map[string]string{"data": data, "security": roles, "network": `{"data_subnets":true}`}))
}

// planned are the specs of a small estate whose layers are patched.
func planned(t *testing.T, regions []string, layers map[string]string) error {
	t.Helper()
	plan := stacks.Plan{Size: stacks.SizeSmall, Environment: "dev", Regions: regions, Layers: map[string]json.RawMessage{}}
	for layer, patch := range layers {
		plan.Layers[layer] = json.RawMessage(patch)
	}
	specs, err := plan.Specs()
	if err != nil {
		return err
	}
	_, err = stacks.OnPaper(specs)
	return err
}

func TestBackupsNeedTheirRole(t *testing.T) {
	t.Parallel()
	const backup = `{"backup":{"schedule":"cron(0 5 * * ? *)","delete_after_days":7}}`
	err := planned(t, []string{"us-east-1", "eu-west-1"}, map[string]string{"data": backup})
	requireFault(t, err, "dev.data.eu-west-1.parameters.backup", "needs workload_roles.backup with service backup.amazonaws.com")
	err = planned(t, []string{"us-east-1"}, map[string]string{"data": backup, "security": `{"workload_roles":{` + backupRole + `}}`})
	require.NoError(t, err)
}

func TestStoresAreEncryptedAndKept(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, "data", `{"tables":{"locks":{"hash_key":"LockID"}},"secrets":{"token":{"recovery_days":7}},
		"buckets":{"evidence":{"expire_days":0,"noncurrent_expire_days":400,"lock":{"mode":"compliance","days":365}}}}`))
	table := of(t, all, "aws_dynamodb_table")[0].inputs
	require.True(t, table["deletionProtectionEnabled"].BoolValue())
	require.True(t, table["pointInTimeRecovery"].ObjectValue()["enabled"].BoolValue())
	require.Equal(t, "arn:data", table["serverSideEncryption"].ObjectValue()["kmsKeyArn"].StringValue())
	require.Equal(t, "arn:data", of(t, all, "aws_secretsmanager_secret")[0].inputs["kmsKeyId"].StringValue())
	for _, bucket := range of(t, all, "aws_s3_bucket") {
		_, locked := bucket.inputs[resource.PropertyKey("objectLockEnabled")]
		require.Equal(t, bucket.name == "evidence", locked)
	}
	lock := of(t, all, "aws_s3_bucket_object_lock_configuration")[0].inputs["rule"].ObjectValue()["defaultRetention"].ObjectValue()
	require.Equal(t, "COMPLIANCE", lock["mode"].StringValue())
}
