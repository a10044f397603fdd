// Package tfplugin runs Terraform's providers and reads resources through
// them, in the words of Terraform's plugin protocol 5 and without Terraform.
// See https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
package tfplugin
