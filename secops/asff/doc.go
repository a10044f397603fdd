// Package asff reads findings in the AWS Security Finding Format, which Security Hub
// gives for GuardDuty, Inspector, Macie, IAM Access Analyzer and the products of
// others. See https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html.
package asff
