package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/aegisworld/aegis"
)

// clients make the API clients of one region, with read-only credentials.
type clients struct {
	cfg     aws.Config
	account string
}

// readers returns clients that may read in a stack's region.
func (c *Cloud) readers(ctx context.Context, stack aegis.Stack) (clients, error) {
	return c.clientsOf(ctx, aegis.StackRun{Stack: stack})
}

// clientsOf returns clients that may do what the run's policy allows.
func (c *Cloud) clientsOf(ctx context.Context, run aegis.StackRun) (clients, error) {
	return c.clientsWith(ctx, run.Stack.Region, func(ctx context.Context) (aegis.Credentials, error) { return c.Credentials(ctx, run) })
}

// clientsWith returns clients of a region with keys of one's own.
func (c *Cloud) clientsWith(
	ctx context.Context, region string, keys func(context.Context) (aegis.Credentials, error),
) (clients, error) {
	account, err := c.AccountID(ctx)
	if err != nil {
		return clients{}, err
	}
	cfg := c.base.Copy()
	cfg.Region = region
	if c.cfg.Pacer != nil {
		cfg.APIOptions = append(slices.Clone(cfg.APIOptions), c.paced(account))
	}
	cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		found, err := keys(ctx)
		if err != nil {
			return aws.Credentials{}, err
		}
		return aws.Credentials{
			AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken,
			CanExpire: true, Expires: found.Expires.Add(-expiryMargin),
		}, nil
	}))
	return clients{cfg: cfg, account: account}, nil
}

// place stands for the stack of something that belongs to none.
func (c *Cloud) place(region string) aegis.Stack {
	return aegis.Stack{Kind: aegis.TargetPulumiStack, Environment: c.cfg.Environment, Region: region}
}

func (c clients) autoscaling() *autoscaling.Client { return autoscaling.NewFromConfig(c.cfg) }
func (c clients) elasticache() *elasticache.Client { return elasticache.NewFromConfig(c.cfg) }
func (c clients) opensearch() *opensearch.Client   { return opensearch.NewFromConfig(c.cfg) }
func (c clients) rds() *rds.Client                 { return rds.NewFromConfig(c.cfg) }
func (c clients) backup() *backup.Client           { return backup.NewFromConfig(c.cfg) }
func (c clients) dynamodb() *dynamodb.Client       { return dynamodb.NewFromConfig(c.cfg) }
func (c clients) secrets() *secretsmanager.Client  { return secretsmanager.NewFromConfig(c.cfg) }
func (c clients) cloudwatch() *cloudwatch.Client   { return cloudwatch.NewFromConfig(c.cfg) }
func (c clients) logs() *cloudwatchlogs.Client     { return cloudwatchlogs.NewFromConfig(c.cfg) }
func (c clients) ec2() *ec2.Client                 { return ec2.NewFromConfig(c.cfg) }
func (c clients) kinesis() *kinesis.Client         { return kinesis.NewFromConfig(c.cfg) }
func (c clients) kms() *kms.Client                 { return kms.NewFromConfig(c.cfg) }
func (c clients) sns() *sns.Client                 { return sns.NewFromConfig(c.cfg) }
func (c clients) sqs() *sqs.Client                 { return sqs.NewFromConfig(c.cfg) }
func (c clients) ssm() *ssm.Client                 { return ssm.NewFromConfig(c.cfg) }

func (c clients) analyzer() *accessanalyzer.Client { return accessanalyzer.NewFromConfig(c.cfg) }
func (c clients) acm() *acm.Client                 { return acm.NewFromConfig(c.cfg) }
func (c clients) cloudtrail() *cloudtrail.Client   { return cloudtrail.NewFromConfig(c.cfg) }
func (c clients) config() *configservice.Client    { return configservice.NewFromConfig(c.cfg) }
func (c clients) ecr() *ecr.Client                 { return ecr.NewFromConfig(c.cfg) }
func (c clients) eks() *eks.Client                 { return eks.NewFromConfig(c.cfg) }
func (c clients) elb() *elasticloadbalancingv2.Client {
	return elasticloadbalancingv2.NewFromConfig(c.cfg)
}
func (c clients) guardduty() *guardduty.Client     { return guardduty.NewFromConfig(c.cfg) }
func (c clients) securityhub() *securityhub.Client { return securityhub.NewFromConfig(c.cfg) }
func (c clients) wafv2() *wafv2.Client             { return wafv2.NewFromConfig(c.cfg) }

// s3 speaks to a sandbox with the bucket in the path.
func (c clients) s3() *s3.Client {
	return s3In(c.cfg, c.cfg.Region)
}

// s3In is for buckets of a region.
func s3In(cfg aws.Config, region string) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.Region, o.UsePathStyle = region, cfg.BaseEndpoint != nil })
}

// IAM and Route 53 are signed for one region wherever the stack is.

func (c clients) iam() *iam.Client {
	return iam.NewFromConfig(c.cfg, func(o *iam.Options) { o.Region = globalRegion })
}

func (c clients) route53() *route53.Client {
	return route53.NewFromConfig(c.cfg, func(o *route53.Options) { o.Region = globalRegion })
}

func (c clients) cloudfront() *cloudfront.Client {
	return cloudfront.NewFromConfig(c.cfg, func(o *cloudfront.Options) { o.Region = globalRegion })
}
