package enginetest

// Workspace is the suite's Terraform configuration.
const Workspace = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

variable "prefix" { type = string }
variable "settings" { type = map(string) }
variable "password" {
  type      = string
  sensitive = true
}
variable "log_groups" { type = map(string) }
variable "retention" { type = number }
variable "owner" {
  type    = string
  default = ""
}

provider "aws" {
  max_retries = 2
}

resource "aws_ssm_parameter" "setting" {
  for_each = var.settings
  name     = "${var.prefix}/${each.key}"
  type     = "String"
  value    = each.value
}

resource "aws_ssm_parameter" "password" {
  name  = "${var.prefix}/password"
  type  = "SecureString"
  value = var.password
}

resource "aws_cloudwatch_log_group" "log" {
  for_each          = var.log_groups
  name              = each.value
  retention_in_days = var.retention
}

output "prefix" { value = var.prefix }
output "owner" { value = var.owner }
output "password" {
  value     = var.password
  sensitive = true
}
output "checks" { value = [{ name = "up", kind = "aws_health", region = "eu-west-1" }] }
`
