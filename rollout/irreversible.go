package rollout

import (
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// irreversible lists the addresses whose change loses something that no spec
// brings back: stored data, a key's material, history beyond a shorter
// retention.
func irreversible(diff []aegis.ResourceChange) []string {
	var out []string
	for _, c := range diff {
		if losesData(c) || shortensRetention(c) {
			out = append(out, c.Address)
		}
	}
	return out
}

func losesData(c aegis.ResourceChange) bool {
	return (c.Action == aegis.ActionDelete || c.Action == aegis.ActionReplace) && stateful(c.Type)
}

// stateful says that resources of the type hold what is not in any spec.
func stateful(kind string) bool {
	switch kind {
	case "aws_s3_bucket", "aws_kinesis_stream", "aws_dynamodb_table", "aws_dynamodb_global_table",
		"aws_db_instance", "aws_rds_cluster", "aws_rds_global_cluster", "aws_docdb_cluster", "aws_neptune_cluster",
		"aws_redshift_cluster", "aws_ebs_volume", "aws_efs_file_system", "aws_fsx_lustre_file_system",
		"aws_cloudwatch_log_group", "aws_kms_key", "aws_kms_replica_key", "aws_secretsmanager_secret", "aws_sqs_queue",
		"aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_opensearch_domain", "aws_ecr_repository",
		"aws_backup_vault", "aws_msk_cluster", "aws_cognito_user_pool":
		return true
	default:
		return false
	}
}

// shortensRetention says that an update lets go of data sooner.
func shortensRetention(c aegis.ResourceChange) bool {
	if c.Action != aegis.ActionUpdate {
		return false
	}
	switch c.Type {
	case "aws_cloudwatch_log_group":
		return shorter(c, "retention_in_days", true)
	case "aws_kinesis_stream":
		return shorter(c, "retention_period", false)
	case "aws_sqs_queue":
		return shorter(c, "message_retention_seconds", false)
	case "aws_db_instance", "aws_rds_cluster":
		return shorter(c, "backup_retention_period", false)
	case "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket":
		return expiresSooner(c)
	default:
		return false
	}
}

// shorter compares one number; zeroIsForever tells what 0 and absent mean.
func shorter(c aegis.ResourceChange, field string, zeroIsForever bool) bool {
	before, after := number(c.Before[field]), number(c.After[field])
	if zeroIsForever {
		return after != 0 && (before == 0 || after < before)
	}
	return after < before
}

// expiresSooner says that some lifecycle rule has a shorter period than it
// had, or is new.
func expiresSooner(c aegis.ResourceChange) bool {
	before, after := map[string][]float64{}, map[string][]float64{}
	periods(plain(c.Before), "", before)
	periods(plain(c.After), "", after)
	for path, days := range after {
		old := before[path]
		if len(days) > len(old) || slices.Min(days) < slices.Min(old) {
			return true
		}
	}
	return false
}

// periods collects the numbers of days under the names of expirations.
func periods(value any, path string, into map[string][]float64) {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			periods(member, join(path, key), into)
		}
	case []any:
		for _, member := range v {
			periods(member, path, into)
		}
	case float64:
		if v > 0 && strings.Contains(path, "expiration") && strings.Contains(path, "days") {
			into[path] = append(into[path], v)
		}
	}
}

func number(value any) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	default:
		return 0
	}
}
