package sandbox_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// A global database over two regions, by Terraform and the real provider.
func TestProviderMakesGlobalDatabases(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	region := func(name, provider, extra string) string {
		return strings.NewReplacer("NAME", name, "PROVIDER", provider, "EXTRA", extra).Replace(`
resource "aws_vpc" "NAME" {
  PROVIDER
  cidr_block = "10.9.0.0/16"
}
data "aws_availability_zones" "NAME" {
  PROVIDER
}
resource "aws_subnet" "NAME" {
  PROVIDER
  count             = 2
  vpc_id            = aws_vpc.NAME.id
  cidr_block        = "10.9.${count.index}.0/24"
  availability_zone = data.aws_availability_zones.NAME.names[count.index]
}
resource "aws_kms_key" "NAME" {
  PROVIDER
}
resource "aws_db_subnet_group" "NAME" {
  PROVIDER
  name       = "aegis-dev-main"
  subnet_ids = aws_subnet.NAME[*].id
  tags       = { a = "1" }
}
resource "aws_rds_cluster_parameter_group" "NAME" {
  PROVIDER
  name   = "aegis-dev-main"
  family = "aurora-postgresql16"
  parameter {
    name         = "shared_preload_libraries"
    value        = "pg_stat_statements"
    apply_method = "pending-reboot"
  }
}
resource "aws_rds_cluster" "NAME" {
  PROVIDER
  cluster_identifier              = "aegis-dev-main"
  global_cluster_identifier       = aws_rds_global_cluster.main.id
  engine                          = "aurora-postgresql"
  engine_version                  = "16.6"
  db_subnet_group_name            = aws_db_subnet_group.NAME.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.NAME.name
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.NAME.arn
  backup_retention_period         = 7
  skip_final_snapshot             = false
  final_snapshot_identifier       = "aegis-dev-main-final"
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports = ["postgresql"]
  copy_tags_to_snapshot           = true
  tags                            = { a = "1" }
  lifecycle {
    ignore_changes = [replication_source_identifier] # AWS says it of a secondary
  }
  EXTRA
}
resource "aws_rds_cluster_instance" "NAME" {
  PROVIDER
  identifier         = "aegis-dev-main-1"
  cluster_identifier = aws_rds_cluster.NAME.id
  engine             = "aurora-postgresql"
  instance_class     = "db.r6g.large"
  tags               = { a = "1" }
}
`)
	}
	configuration := `
provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}
resource "aws_rds_global_cluster" "main" {
  global_cluster_identifier = "aegis-dev-main"
  engine                    = "aurora-postgresql"
  engine_version            = "16.6"
  storage_encrypted         = true
  deletion_protection       = false
}
` + region("us", "", `master_username = "aegis"
  master_password = "not-told-1234"
  database_name   = "aegis"`) + region("eu", "provider = aws.eu", `depends_on = [aws_rds_cluster.us]`)
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`a = "1"`, `a = "2"`, "backup_retention_period         = 7", "backup_retention_period         = 14").Replace(configuration))
	w.destroy(t)
	for _, name := range account.Regions {
		kept, err := rds.NewFromConfig(adminConfig(account, name)).DescribeDBClusterSnapshots(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "aegis-dev-main-final", *kept.DBClusterSnapshots[0].DBClusterSnapshotIdentifier)
	}
}

func TestGlobalDatabasesMoveTheirWriter(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t, "us-east-1", "eu-west-1")
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	client := func(region string) *rds.Client { return rds.NewFromConfig(adminConfig(account, region)) }
	id := aws.String("aegis-dev-main")
	_, err := client("us-east-1").CreateGlobalCluster(t.Context(), &rds.CreateGlobalClusterInput{
		GlobalClusterIdentifier: id, Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.6"), StorageEncrypted: aws.Bool(true),
	})
	require.NoError(t, err)
	join := func(region string, first bool) string {
		in := &rds.CreateDBClusterInput{
			DBClusterIdentifier: id, Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.6"), StorageEncrypted: aws.Bool(true),
			GlobalClusterIdentifier: id, DBSubnetGroupName: aws.String(dbSubnets(t, account, region)),
		}
		if first {
			in.MasterUsername = aws.String("aegis")
			_, err := client(region).CreateDBCluster(t.Context(), in)
			requireCode(t, err, "InvalidParameterCombination")
			in.MasterUserPassword = aws.String("not-told-1234")
		}
		made, err := client(region).CreateDBCluster(t.Context(), in)
		require.NoError(t, err)
		_, err = client(region).CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String("aegis-dev-main-1"), DBClusterIdentifier: id, Engine: aws.String("aurora-postgresql"), DBInstanceClass: aws.String("db.r6g.large"),
		})
		require.NoError(t, err)
		return *made.DBCluster.DBClusterArn
	}
	us, eu := join("us-east-1", true), join("eu-west-1", false)
	require.Equal(t, us, writer(t, client("eu-west-1")))

	require.Eventually(t, func() bool {
		_, err := client("us-east-1").SwitchoverGlobalCluster(t.Context(), &rds.SwitchoverGlobalClusterInput{GlobalClusterIdentifier: id, TargetDbClusterIdentifier: &eu})
		return err == nil
	}, startPatience, pollPause, "settled")
	require.Equal(t, eu, writer(t, client("us-east-1")))
	_, err = client("us-east-1").RemoveFromGlobalCluster(t.Context(), &rds.RemoveFromGlobalClusterInput{GlobalClusterIdentifier: id, DbClusterIdentifier: &eu})
	requireCode(t, err, "InvalidDBClusterStateFault")
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	require.Equal(t, eu, writer(t, client("us-east-1")), "the writer outlives a restart")
	_, err = client("us-east-1").RemoveFromGlobalCluster(t.Context(), &rds.RemoveFromGlobalClusterInput{GlobalClusterIdentifier: id, DbClusterIdentifier: &us})
	require.NoError(t, err)
	global, err := client("us-east-1").DescribeGlobalClusters(t.Context(), &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: id})
	require.NoError(t, err)
	require.Len(t, global.GlobalClusters[0].GlobalClusterMembers, 1, "detached")
	_, err = client("us-east-1").DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{DBClusterIdentifier: id, SkipFinalSnapshot: aws.Bool(true)})
	requireCode(t, err, "InvalidDBClusterStateFault")
	_, err = client("us-east-1").DeleteGlobalCluster(t.Context(), &rds.DeleteGlobalClusterInput{GlobalClusterIdentifier: id})
	requireCode(t, err, "InvalidGlobalClusterStateFault")
	reader := makeUser(t, account, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rds:Describe*","Resource":"*"}]}`, "")
	_, err = rds.NewFromConfig(reader).DeleteGlobalCluster(t.Context(), &rds.DeleteGlobalClusterInput{GlobalClusterIdentifier: id})
	requireCode(t, err, "AccessDenied")
	_, err = rds.NewFromConfig(adminConfig(account, "us-east-1")).DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String("none")})
	var missing *types.DBClusterNotFoundFault
	require.ErrorAs(t, err, &missing)
}

// RDS keeps the master password of a cluster, but not of one in a global
// database.
func TestMasterPasswordsAreKeptOutsideGlobalDatabases(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	cfg := adminConfig(account, "us-east-1")
	client := rds.NewFromConfig(cfg)
	subnets := dbSubnets(t, account, "us-east-1")
	create := func(id string, change func(*rds.CreateDBClusterInput)) (*rds.CreateDBClusterOutput, error) {
		in := &rds.CreateDBClusterInput{
			DBClusterIdentifier: &id, Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.6"), DBSubnetGroupName: &subnets,
			MasterUsername: aws.String("aegis"),
		}
		change(in)
		return client.CreateDBCluster(t.Context(), in)
	}
	_, err := create("alone", func(*rds.CreateDBClusterInput) {})
	requireCode(t, err, "InvalidParameterCombination")
	managed := func(in *rds.CreateDBClusterInput) { in.ManageMasterUserPassword = aws.Bool(true) }
	_, err = create("alone", managed)
	require.NoError(t, err)
	found, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String("alone")})
	require.NoError(t, err)
	secret, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: found.DBClusters[0].MasterUserSecret.SecretArn})
	require.NoError(t, err)
	var value struct{ Username, Password string }
	require.NoError(t, json.Unmarshal([]byte(*secret.SecretString), &value))
	require.Equal(t, "aegis", value.Username)
	require.Len(t, value.Password, 32)

	global := func(id string, change func(*rds.CreateGlobalClusterInput)) error {
		in := &rds.CreateGlobalClusterInput{GlobalClusterIdentifier: &id}
		change(in)
		_, err := client.CreateGlobalCluster(t.Context(), in)
		return err
	}
	err = global("grown", func(in *rds.CreateGlobalClusterInput) {
		in.SourceDBClusterIdentifier = found.DBClusters[0].DBClusterArn
	})
	requireCode(t, err, "InvalidParameterCombination")
	require.NoError(t, global("main", func(in *rds.CreateGlobalClusterInput) {
		in.Engine, in.EngineVersion = aws.String("aurora-postgresql"), aws.String("16.6")
	}))
	_, err = create("first", func(in *rds.CreateDBClusterInput) {
		managed(in)
		in.GlobalClusterIdentifier = aws.String("main")
	})
	requireCode(t, err, "InvalidParameterCombination")
	_, err = create("first", func(in *rds.CreateDBClusterInput) {
		in.GlobalClusterIdentifier, in.MasterUserPassword = aws.String("main"), aws.String("not-told-1234")
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err = client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("first"), BackupRetentionPeriod: aws.Int32(3)})
		return err == nil
	}, startPatience, pollPause, "settled")
	require.Eventually(t, func() bool {
		_, err = client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("first"), ManageMasterUserPassword: aws.Bool(true)})
		var busy *types.InvalidDBClusterStateFault
		return !errors.As(err, &busy)
	}, startPatience, pollPause, "settled")
	requireCode(t, err, "InvalidParameterCombination")
}

func writer(t *testing.T, client *rds.Client) string {
	t.Helper()
	found, err := client.DescribeGlobalClusters(t.Context(), nil)
	require.NoError(t, err)
	for _, member := range found.GlobalClusters[0].GlobalClusterMembers {
		if *member.IsWriter {
			return *member.DBClusterArn
		}
	}
	return ""
}

// dbSubnets makes a subnet group in the region's default VPC.
func dbSubnets(t *testing.T, account *sandbox.Account, region string) string {
	t.Helper()
	found, err := ec2.NewFromConfig(adminConfig(account, region)).DescribeSubnets(t.Context(), nil)
	require.NoError(t, err)
	var ids []string
	for _, one := range found.Subnets {
		ids = append(ids, *one.SubnetId)
	}
	made, err := rds.NewFromConfig(adminConfig(account, region)).CreateDBSubnetGroup(t.Context(), &rds.CreateDBSubnetGroupInput{
		DBSubnetGroupName: aws.String("aegis-dev-main"), DBSubnetGroupDescription: aws.String("main"), SubnetIds: ids,
	})
	require.NoError(t, err)
	return *made.DBSubnetGroup.DBSubnetGroupName
}
