terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

variable "retention" {
  type    = number
  default = 7
}

locals {
  names = [for n in range(20) : format("n%02d", n)]
}

provider "aws" {
  region      = "us-east-1"
  max_retries = 2
}

resource "aws_cloudwatch_log_group" "log" {
  for_each          = toset(local.names)
  name              = "/forty/${each.key}"
  retention_in_days = var.retention
}

resource "aws_sns_topic" "topic" {
  for_each = toset(local.names)
  name     = "forty-${each.key}"
}
