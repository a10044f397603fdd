package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestTablesHaveReplicas(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t, "us-east-1", "eu-west-1")
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	client := func(region string) *dynamodb.Client { return dynamodb.NewFromConfig(adminConfig(account, region)) }
	name := aws.String("locks")
	_, err := client("us-east-1").CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("LockID"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("LockID"), KeyType: types.KeyTypeHash}},
	})
	require.NoError(t, err)
	replicate := func(region string) error {
		_, err := client("us-east-1").UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
			TableName: name, ReplicaUpdates: []types.ReplicationGroupUpdate{{Create: &types.CreateReplicationGroupMemberAction{RegionName: &region}}},
		})
		return err
	}
	requireCode(t, replicate("mars-1"), "ValidationException")
	require.NoError(t, replicate("eu-west-1"))
	requireCode(t, replicate("eu-west-1"), "ValidationException")
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	for region, other := range map[string]string{"us-east-1": "eu-west-1", "eu-west-1": "us-east-1"} {
		found, err := client(region).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name})
		require.NoError(t, err)
		require.Len(t, found.Table.Replicas, 1)
		require.Equal(t, other, *found.Table.Replicas[0].RegionName)
	}
	_, err = client("us-east-1").UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
		TableName: name, ReplicaUpdates: []types.ReplicationGroupUpdate{{Delete: &types.DeleteReplicationGroupMemberAction{RegionName: aws.String("eu-west-1")}}},
	})
	require.NoError(t, err)
	found, err := client("us-east-1").DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name})
	require.NoError(t, err)
	require.Empty(t, found.Table.Replicas)
	_, err = client("eu-west-1").DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name})
	requireCode(t, err, "ResourceNotFoundException")
}

// otherRegion is the provider of the region that has copies.
const otherRegion = `
provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}
`

func TestProviderMakesReplicas(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	configuration := otherRegion + `
resource "aws_kms_key" "us" {}
resource "aws_kms_key" "eu" {
  provider = aws.eu
}
resource "aws_dynamodb_table" "locks" {
  name             = "aegis-dev-locks"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "LockID"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "LockID"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.us.arn
  }
  replica {
    region_name            = "eu-west-1"
    kms_key_arn            = aws_kms_key.eu.arn
    point_in_time_recovery = true
    propagate_tags         = true
  }
  tags = { a = "1" }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`a = "1"`, `a = "2"`).Replace(configuration))
	w.destroy(t)
}

// A key, a secret and a bucket of one region, each with its copy in another.
func TestProviderMakesCopies(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	configuration := otherRegion + `
resource "aws_kms_key" "shared" {
  multi_region = true
}
resource "aws_kms_replica_key" "shared" {
  provider                = aws.eu
  primary_key_arn         = aws_kms_key.shared.arn
  description             = "shared"
  deletion_window_in_days = 7
  tags                    = { a = "1" }
}
resource "aws_secretsmanager_secret" "token" {
  name       = "aegis-dev-token"
  kms_key_id = aws_kms_key.shared.arn
  replica {
    region     = "eu-west-1"
    kms_key_id = aws_kms_replica_key.shared.arn
  }
  tags = { a = "1" }
}
resource "aws_s3_bucket" "here" {
  bucket        = "aegis-dev-here"
}
resource "aws_s3_bucket" "there" {
  provider = aws.eu
  bucket   = "aegis-dev-there"
}
resource "aws_s3_bucket_versioning" "here" {
  bucket = aws_s3_bucket.here.bucket
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_versioning" "there" {
  provider = aws.eu
  bucket   = aws_s3_bucket.there.bucket
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_iam_role" "copy" {
  name               = "aegis-dev-copy"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "s3.amazonaws.com" } }] })
}
resource "aws_s3_bucket_replication_configuration" "here" {
  depends_on = [aws_s3_bucket_versioning.here, aws_s3_bucket_versioning.there]
  bucket     = aws_s3_bucket.here.bucket
  role       = aws_iam_role.copy.arn
  rule {
    id       = "eu-west-1"
    priority = 0
    status   = "Enabled"
    filter {
      prefix = ""
    }
    delete_marker_replication {
      status = "Enabled"
    }
    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }
    destination {
      bucket = aws_s3_bucket.there.arn
      encryption_configuration {
        replica_kms_key_id = aws_kms_replica_key.shared.arn
      }
    }
  }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`a = "1"`, `a = "2"`, `prefix = ""`, `prefix = "kept/"`).Replace(configuration))
	w.destroy(t)
}
