package wire

import "strings"

// readVerbs begin the names of actions that change nothing.
func readVerbs() []string {
	return []string{
		"Describe", "Get", "List", "Head", "Lookup", "Search", "BatchGet", "BatchDescribe", "Query", "Scan", "Select",
		"Check", "Validate", "Simulate", "Preview", "Estimate", "Count", "Test", "Verify", "Filter", "Generate", "View",
		"Encrypt", "Decrypt", "ReEncrypt", "Sign", "Discover",
	}
}

// ReadOnly says that the call changes nothing. It goes by the verb, with the
// exceptions that AWS's names make.
func (c Call) ReadOnly() bool {
	switch c.Service + ":" + c.Action {
	case "sts:GetSessionToken", "sts:GetFederationToken", "sts:GetCallerIdentity", "sts:GetAccessKeyInfo",
		"sts:AssumeRole", "route53:TestDNSAnswer", "iam:GenerateCredentialReport",
		"logs:StartQuery", "logs:StopQuery", "logs:FilterLogEvents":
		return true
	case "kms:GenerateDataKeyPair", "iam:GenerateServiceLastAccessedDetails", "sqs:GetQueueUrl":
		return true
	case "ec2:GetLaunchTemplateData":
		return true
	}
	for _, verb := range readVerbs() {
		if rest, ok := strings.CutPrefix(c.Action, verb); ok && (rest == "" || !isLower(rest[0])) {
			return true
		}
	}
	return false
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// DataPlane says that the call moves data rather than manages resources:
// messages, stream records, log and metric points, objects and table items.
func (c Call) DataPlane() bool {
	if c.Service == "s3" {
		return s3DataPlane(c.Action)
	}
	return transient(c) || c.Service == "dynamodb" && dynamoItem(c.Action)
}

// Transient says that what the call writes need not survive a restart of the
// account: messages, stream records, log events, metric points, invocations.
func (c Call) Transient() bool { return transient(c) }

func transient(c Call) bool {
	switch c.Service {
	case "kinesis", "firehose":
		return strings.HasPrefix(c.Action, "PutRecord") || strings.HasPrefix(c.Action, "SubscribeTo")
	case "sqs":
		return strings.Contains(c.Action, "Message")
	case "sns":
		return strings.HasPrefix(c.Action, "Publish")
	case "events":
		return c.Action == "PutEvents"
	case "logs":
		return c.Action == "PutLogEvents"
	case "monitoring":
		return c.Action == "PutMetricData"
	case "lambda":
		return strings.HasPrefix(c.Action, "Invoke")
	}
	return false
}

func dynamoItem(action string) bool {
	return strings.HasSuffix(action, "Item") || strings.HasSuffix(action, "Items") || strings.HasPrefix(action, "Execute")
}
