package cloud

import (
	"slices"

	"github.com/aegisworld/aegis"
)

// adoptedStatements are what a session may read of an adopted stack, whose types
// of resources are not ours to choose: the descriptions that AWS's services give
// of resources, in the given regions, and none of what is in them.
func adoptedStatements(run aegis.StackRun, regions []string) []statement {
	where := inRegions(append(slices.Clone(regions), globalRegion))
	out := []statement{
		{Effect: "Allow", Action: append(readActions(), adoptedActions()...), Resource: []string{"*"}, Condition: where},
		// States and parameters may be encrypted by keys of one's own; nothing
		// else is decrypted.
		{Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{"*"}, Condition: map[string]any{"StringLike": map[string]any{
			"kms:ViaService": []string{"s3.*.amazonaws.com", "secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"},
		}}},
	}
	if run.Policy == nil {
		out = append(out, statement{Effect: "Deny", Action: contents(), Resource: []string{"*"}})
	}
	return out
}

// contents are reads of what is in resources that the patterns of reads would
// allow.
func contents() []string {
	return []string{
		"appconfig:GetConfiguration", "cloudtrail:GetQueryResults", "ec2:GetConsole*", "ec2:GetPasswordData", "kms:GetParametersForImport",
	}
}

// described are services whose Describe and List tell of resources and not of
// what is in them; of listed ones, Get does, too.
func described() []string {
	return []string{
		"access-analyzer", "airflow", "amplify", "appflow", "application-autoscaling", "appmesh", "apprunner", "appsync", "athena", "autoscaling",
		"batch", "cloudformation", "cloudhsm", "cloudtrail", "codebuild", "codepipeline", "cognito-identity", "cognito-idp", "config", "dax",
		"directconnect", "dms", "docdb-elastic", "ds", "dynamodb", "ecr", "ecs", "eks", "elasticache", "elasticbeanstalk", "elasticfilesystem",
		"elasticloadbalancing", "elasticmapreduce", "es", "firehose", "fsx", "glacier", "imagebuilder", "inspector2", "iot", "kafka", "kinesisanalytics",
		"lightsail", "logs", "memorydb", "mq", "networkmanager", "opsworks", "organizations", "rds", "redshift", "redshift-serverless", "route53resolver", "sagemaker",
		"scheduler", "secretsmanager", "securityhub", "servicediscovery", "shield", "sso", "states", "storagegateway", "transfer", "workspaces",
	}
}

func listed() []string {
	return []string{
		"access-analyzer", "acm-pca", "amplify", "appconfig", "apprunner", "appsync", "backup", "budgets", "ce", "cloudfront", "cloudtrail", "config",
		"detective", "dlm", "elasticfilesystem", "fis", "globalaccelerator", "grafana", "guardduty", "inspector2", "kafka", "lambda", "macie2", "mediaconvert",
		"network-firewall", "networkmanager", "oam", "pipes", "ram", "resource-explorer-2", "resource-groups", "rolesanywhere", "s3-outposts",
		"scheduler", "schemas", "servicediscovery", "servicequotas", "ses", "signer", "synthetics", "vpc-lattice", "wafv2",
	}
}

// adoptedActions are what an adopted stack's session reads beside what those of
// the estate do. Refreshing a secret's version reads it.
func adoptedActions() []string {
	actions := []string{
		"acm:Describe*", "acm:GetCertificate", "acm:List*", "apigateway:GET", "application-autoscaling:List*", "athena:GetDataCatalog",
		"athena:GetNamedQuery", "athena:GetWorkGroup", "aps:Describe*", "aps:List*", "codebuild:BatchGetProjects", "codebuild:BatchGetReportGroups", "codecommit:GetRepository*",
		"codecommit:List*", "codepipeline:GetPipeline", "cognito-identity:GetIdentityPoolRoles", "cognito-idp:GetUserPoolMfaConfig", "dms:List*",
		"ecr:GetLifecyclePolicy", "ecr:GetRegistry*", "ecr:GetRepositoryPolicy", "ecr-public:Describe*", "ecr-public:GetRepositoryPolicy",
		"emr-containers:Describe*", "emr-serverless:GetApplication", "glue:GetCatalog*", "glue:GetCrawler*", "glue:GetDatabase*", "glue:GetJob", "glue:GetJobs",
		"glue:GetPartition*", "glue:GetTable*", "glue:GetTags", "glue:GetTrigger*", "glue:GetWorkflow", "glue:List*", "iam:Simulate*", "iot:GetPolicy", "iot:GetTopicRule",
		"lakeformation:Describe*", "lakeformation:GetDataLakeSettings", "lakeformation:List*", "mediastore:Describe*", "network-firewall:Describe*",
		"redshift-serverless:Get*Namespace", "redshift-serverless:Get*Workgroup", "route53domains:Get*", "route53domains:List*", "route53resolver:Get*",
		"s3:GetAccelerateConfiguration", "s3:GetAccessPoint*", "secretsmanager:Get*", "securityhub:Get*", "tag:Get*", "timestream:Describe*", "timestream:List*",
		"budgets:View*", "workspaces:List*", "xray:GetGroup", "xray:GetSamplingRules", "xray:List*",
	}
	for _, service := range described() {
		actions = append(actions, service+":Describe*", service+":List*")
	}
	for _, service := range listed() {
		actions = append(actions, service+":Describe*", service+":Get*", service+":List*")
	}
	return actions
}
