package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// What layer data stores things in, by Terraform and the real provider.
func TestProviderMakesStores(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	configuration := `
resource "aws_kms_key" "data" {
  description = "data"
}
resource "aws_iam_role" "backup" {
  name               = "aegis-dev-backup"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "backup.amazonaws.com" } }] })
}
resource "aws_dynamodb_table" "locks" {
  name                        = "aegis-dev-locks"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = false
  attribute {
    name = "LockID"
    type = "S"
  }
  ttl {
    enabled        = true
    attribute_name = "expires"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }
  tags = { a = "1" }
}
resource "aws_secretsmanager_secret" "token" {
  name                    = "aegis-dev-token"
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = 7
  tags                    = { a = "1" }
}
resource "aws_backup_vault" "main" {
  name        = "aegis-dev-main"
  kms_key_arn = aws_kms_key.data.arn
  tags        = { a = "1" }
}
resource "aws_backup_plan" "main" {
  name = "aegis-dev-main"
  rule {
    rule_name         = "scheduled"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 5 * * ? *)"
    lifecycle {
      delete_after = 35
    }
  }
  tags = { a = "1" }
}
resource "aws_backup_selection" "main" {
  name         = "aegis-dev-main"
  plan_id      = aws_backup_plan.main.id
  iam_role_arn = aws_iam_role.backup.arn
  selection_tag {
    type  = "STRINGEQUALS"
    key   = "aegis:stack"
    value = "dev.data.us-east-1"
  }
}
resource "aws_s3_bucket" "evidence" {
  bucket              = "aegis-dev-evidence"
  object_lock_enabled = true
  lifecycle_rule {
    id      = "expire"
    enabled = true
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }
    noncurrent_version_expiration {
      days = 400
    }
  }
}
resource "aws_s3_bucket_versioning" "evidence" {
  bucket = aws_s3_bucket.evidence.bucket
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  bucket = aws_s3_bucket_versioning.evidence.bucket
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 365
    }
  }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`a = "1"`, `a = "2"`, "delete_after = 35", "delete_after = 14", "days = 365", "days = 300",
		`"expires"`, `"expires"`, "days          = 90", "days          = 120").Replace(configuration))
	w.destroy(t)
}
