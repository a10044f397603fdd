package cloud

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// permits says whether statements allow an action, and none denies it.
func permits(statements []statement, action string) bool {
	allowed := false
	for _, s := range statements {
		for _, pattern := range s.Action {
			if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(action)); ok {
				if s.Effect == "Deny" {
					return false
				}
				allowed = true
			}
		}
	}
	return allowed
}

func TestAnAdoptedStackIsReadWhateverItIsMadeOf(t *testing.T) {
	t.Parallel()
	run := aegis.StackRun{Stack: aegis.Stack{Kind: aegis.TargetPulumiStack, Source: &aegis.WorkspaceSource{Stack: "prod"}}}
	statements, err := sessionStatements(run, []string{"us-east-1", "eu-west-1"})
	require.NoError(t, err)
	for _, action := range []string{
		"acm:DescribeCertificate", "apigateway:GET", "application-autoscaling:DescribeScalableTargets", "appsync:GetGraphqlApi", "athena:GetWorkGroup",
		"autoscaling:DescribeAutoScalingGroups", "backup:DescribeBackupVault", "backup:GetBackupPlan", "batch:DescribeComputeEnvironments", "budgets:ViewBudget",
		"cloudfront:GetDistribution", "cloudtrail:GetTrailStatus", "cloudwatch:GetDashboard", "codebuild:BatchGetProjects", "codepipeline:GetPipeline",
		"cognito-idp:DescribeUserPool", "config:DescribeConfigRules", "dms:DescribeReplicationInstances", "ds:DescribeDirectories", "dynamodb:DescribeTable",
		"dynamodb:ListTagsOfResource", "ec2:DescribeVpcs", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecs:DescribeServices", "eks:DescribeCluster",
		"elasticache:DescribeCacheClusters", "elasticbeanstalk:DescribeEnvironments", "elasticfilesystem:DescribeFileSystems", "elasticloadbalancing:DescribeLoadBalancers",
		"elasticmapreduce:DescribeCluster", "es:DescribeDomain", "events:DescribeRule", "firehose:DescribeDeliveryStream", "fsx:DescribeFileSystems", "glue:GetTable",
		"guardduty:GetDetector", "iam:GetRole", "imagebuilder:ListImages", "kafka:DescribeClusterV2", "kms:GetKeyPolicy", "lambda:GetFunction", "logs:DescribeLogGroups",
		"mq:DescribeBroker", "network-firewall:DescribeFirewall", "organizations:DescribeOrganization", "ram:GetResourceShares", "rds:DescribeDBInstances",
		"redshift:DescribeClusters", "route53:GetHostedZone", "route53resolver:GetResolverRule", "s3:GetBucketPolicy", "s3:GetLifecycleConfiguration", "sagemaker:DescribeEndpoint",
		"scheduler:GetSchedule", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "servicediscovery:GetNamespace", "ses:GetIdentityVerificationAttributes",
		"sns:GetTopicAttributes", "sqs:GetQueueAttributes", "ssm:GetParameter", "states:DescribeStateMachine", "transfer:DescribeServer", "wafv2:GetWebACL", "xray:GetGroup",
	} {
		require.True(t, permits(statements, action), action)
	}
	for _, action := range []string{
		"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:GetRecords", "dynamodb:Scan", "dynamodb:Query",
		"kinesis:GetRecords", "kinesis:GetShardIterator", "sqs:ReceiveMessage", "logs:GetLogEvents", "logs:FilterLogEvents", "logs:GetQueryResults", "athena:GetQueryResults",
		"ec2:GetPasswordData", "ec2:GetConsoleOutput", "ec2:GetConsoleScreenshot", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "codecommit:GetFile",
		"codecommit:GitPull", "redshift:GetClusterCredentials", "redshift-serverless:GetCredentials", "rds:DownloadDBLogFilePortion", "lambda:InvokeFunction",
		"glue:GetConnection", "cognito-identity:GetCredentialsForIdentity", "sts:AssumeRole", "sts:GetSessionToken", "iam:CreateAccessKey", "kms:Encrypt", "kms:GenerateDataKey",
		"lightsail:GetInstanceAccessDetails", "workspaces:ModifyWorkspaceState", "execute-api:Invoke", "es:ESHttpGet", "eks:AccessKubernetesApi", "sso:GetRoleCredentials",
		"xray:GetTraceSummaries", "appconfig:GetConfiguration", "cloudtrail:GetQueryResults",
	} {
		require.False(t, permits(statements, action), action)
	}
	for _, s := range statements {
		if slices.Contains(s.Action, "kms:Decrypt") {
			text, err := json.Marshal(s.Condition)
			require.NoError(t, err)
			require.Contains(t, string(text), "kms:ViaService", "for services alone")
		}
	}
	policies, err := split(statements)
	require.NoError(t, err)
	require.LessOrEqual(t, len(policies.inline), maxSessionPolicy)
	require.LessOrEqual(t, len(policies.managed), 4, "there is room for what a change may do")
}

func TestAdoptedStacksMayHaveARoleOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := &Cloud{cfg: Config{AdoptedRoleARN: "arn:aws:iam::{account}:role/adopted-{environment}", BootstrapRoleARN: "b", ExecutorRoleARN: "e"}}
	adopted := aegis.StackRun{Stack: aegis.Stack{Kind: aegis.TargetTerraformWorkspace, Environment: "prod"}}
	require.Equal(t, []string{"arn:aws:iam::123456789012:role/adopted-prod"}, c.roles(adopted, "123456789012"))
	require.Equal(t, []string{"b"}, c.roles(aegis.StackRun{Stack: aegis.Stack{Kind: aegis.TargetPulumiStack}}, "123456789012"))
}
