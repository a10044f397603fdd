terraform {
  required_providers { aws = { source = "hashicorp/aws", version = "5.100.0" } }
}
provider "aws" {
  region      = "eu-west-1"
  max_retries = 2
}
variable "two" { default = false }
resource "aws_s3_bucket" "trail" {
  bucket = "aegis-dev-trail-123456789012-eu-west-1"
}
resource "aws_kms_key" "k" {}
resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "A", Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = ["s3:GetBucketAcl"], Resource = [aws_s3_bucket.trail.arn] }] })
}
resource "aws_cloudtrail" "t" {
  name                          = "aegis-dev-trail"
  s3_bucket_name                = aws_s3_bucket.trail.bucket
  is_multi_region_trail         = true
  enable_log_file_validation    = true
  include_global_service_events = true
  kms_key_id                    = aws_kms_key.k.arn
  enable_logging                = true
  tags                          = { a = var.two ? "y" : "b" }
  depends_on                    = [aws_s3_bucket_policy.trail]
}
resource "aws_guardduty_detector" "g" {
  enable                       = true
  finding_publishing_frequency = var.two ? "ONE_HOUR" : "FIFTEEN_MINUTES"
  tags                         = { a = "b" }
}
resource "aws_securityhub_account" "h" {
  enable_default_standards = false
  auto_enable_controls     = !var.two
}
resource "aws_securityhub_standards_subscription" "f" {
  standards_arn = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
  depends_on    = [aws_securityhub_account.h]
}
resource "aws_iam_role" "config" {
  name               = "aegis-dev-eu-west-1-config"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = ["sts:AssumeRole"] }] })
}
resource "aws_config_configuration_recorder" "r" {
  name     = "aegis-dev"
  role_arn = aws_iam_role.config.arn
  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
  recording_mode { recording_frequency = var.two ? "DAILY" : "CONTINUOUS" }
}
resource "aws_config_delivery_channel" "c" {
  name           = "aegis-dev"
  s3_bucket_name = aws_s3_bucket.trail.bucket
  s3_kms_key_arn = aws_kms_key.k.arn
  snapshot_delivery_properties { delivery_frequency = "TwentyFour_Hours" }
  depends_on = [aws_config_configuration_recorder.r]
}
resource "aws_config_configuration_recorder_status" "s" {
  name       = aws_config_configuration_recorder.r.name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.c]
}
resource "aws_accessanalyzer_analyzer" "a" {
  analyzer_name = "aegis-dev"
  type          = "ACCOUNT"
  tags          = { a = var.two ? "y" : "b" }
}
resource "aws_wafv2_web_acl" "w" {
  name  = "aegis-dev-edge"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule {
    name     = "AWSManagedRulesCommonRuleSet"
    priority = 0
    override_action {
      none {}
    }
    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = true
    }
  }
  rule {
    name     = "rate"
    priority = 1
    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit              = var.two ? 4000 : 2000
        aggregate_key_type = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "edge"
    sampled_requests_enabled   = true
  }
  tags = { a = "b" }
}
