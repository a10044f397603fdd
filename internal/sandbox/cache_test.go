package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

const dataNetwork = `
resource "aws_vpc" "main" {
  cidr_block = "10.9.0.0/16"
}
resource "aws_subnet" "data" {
  count             = 3
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.9.${count.index}.0/24"
  availability_zone = element(["us-east-1a", "us-east-1b", "us-east-1c"], count.index)
}
resource "aws_security_group" "data" {
  name   = "data"
  vpc_id = aws_vpc.main.id
}
resource "aws_kms_key" "data" {
  description = "data"
}
`

// What takes long to make, all at once, by Terraform and the real provider.
func TestProviderMakesCachesAndDomains(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	configuration := dataNetwork + `
resource "aws_elasticache_subnet_group" "hot" {
  name       = "aegis-dev-hot"
  subnet_ids = aws_subnet.data[*].id
  tags       = { a = "1" }
}
resource "aws_elasticache_parameter_group" "hot" {
  name   = "aegis-dev-hot"
  family = "redis7"
  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }
}
resource "aws_elasticache_replication_group" "hot" {
  replication_group_id       = "aegis-dev-hot"
  description                = "hot state"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = "cache.t4g.small"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  kms_key_id                 = aws_kms_key.data.arn
  subnet_group_name          = aws_elasticache_subnet_group.hot.name
  parameter_group_name       = aws_elasticache_parameter_group.hot.name
  security_group_ids         = [aws_security_group.data.id]
  snapshot_retention_limit   = 1
  apply_immediately          = true
  tags                       = { a = "1" }
}
resource "aws_opensearch_domain" "telemetry" {
  domain_name     = "aegis-dev-telemetry"
  engine_version  = "OpenSearch_2.19"
  access_policies = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "es:ESHttp*", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Resource = "arn:aws:es:us-east-1:123456789012:domain/aegis-dev-telemetry/*" }] })
  cluster_config {
    instance_type          = "t3.small.search"
    instance_count         = 3
    zone_awareness_enabled = true
    zone_awareness_config {
      availability_zone_count = 3
    }
  }
  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = 20
  }
  encrypt_at_rest {
    enabled    = true
    kms_key_id = aws_kms_key.data.arn
  }
  node_to_node_encryption {
    enabled = true
  }
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }
  advanced_security_options {
    enabled                        = true
    internal_user_database_enabled = false
    master_user_options {
      master_user_arn = "arn:aws:iam::123456789012:role/search"
    }
  }
  vpc_options {
    subnet_ids         = aws_subnet.data[*].id
    security_group_ids = [aws_security_group.data.id]
  }
  tags = { a = "1" }
  # The provider sleeps for ten minutes before it looks at a domain for the first
  # time, and takes what it finds when its patience ends before.
  timeouts {
    create = "15s"
    update = "15s"
    delete = "15s"
  }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.NewReplacer(`a = "1"`, `a = "2"`, "cache.t4g.small", "cache.t4g.medium", "snapshot_retention_limit   = 1",
		"snapshot_retention_limit   = 7", "num_cache_clusters         = 2", "num_cache_clusters         = 3",
		"allkeys-lru", "volatile-lru", "volume_size = 20", "volume_size = 30", "instance_count         = 3", "instance_count         = 6").Replace(configuration))
	w.destroy(t)
}
