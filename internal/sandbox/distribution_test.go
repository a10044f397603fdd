package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func distributionConfig(reference string) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: aws.String(reference), Comment: aws.String("a <b> & c"), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{Id: aws.String("app"), DomainName: aws.String("app.example.com")}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: aws.String("app"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
		},
	}
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t, "us-east-1", "eu-west-1")
	account, stop := runAccount(t, opts)
	client := cloudfront.NewFromConfig(adminConfig(account, "us-east-1"))
	made, err := client.CreateDistributionWithTags(t.Context(), &cloudfront.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &types.DistributionConfigWithTags{
			DistributionConfig: distributionConfig("one"), Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "InProgress", aws.ToString(made.Distribution.Status))
	_, err = client.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: distributionConfig("one")})
	requireCode(t, err, "DistributionAlreadyExists")
	for code, edit := range map[string]func(*types.DistributionConfig){
		"NoSuchOrigin": func(c *types.DistributionConfig) { c.DefaultCacheBehavior.TargetOriginId = aws.String("other") },
		"InvalidViewerCertificate": func(c *types.DistributionConfig) {
			c.ViewerCertificate = &types.ViewerCertificate{ACMCertificateArn: aws.String("arn:aws:acm:eu-west-1:123456789012:certificate/0")}
		},
		"InvalidWebACLId": func(c *types.DistributionConfig) {
			c.WebACLId = aws.String("arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b")
		},
	} {
		config := distributionConfig("two")
		edit(config)
		_, err := client.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: config})
		requireCode(t, err, code)
	}
	id := made.Distribution.Id
	_, err = client.DeleteDistribution(t.Context(), &cloudfront.DeleteDistributionInput{Id: id, IfMatch: made.ETag})
	requireCode(t, err, "DistributionNotDisabled")
	_, err = client.TagResource(t.Context(), &cloudfront.TagResourceInput{
		Resource: made.Distribution.ARN, Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("b"), Value: aws.String("2 & 3")}}},
	})
	require.NoError(t, err)
	_, err = client.UntagResource(t.Context(), &cloudfront.UntagResourceInput{Resource: made.Distribution.ARN, TagKeys: &types.TagKeys{Items: []string{"a"}}})
	require.NoError(t, err)
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	client = cloudfront.NewFromConfig(adminConfig(account, "eu-west-1"))
	found, err := client.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: id})
	require.NoError(t, err)
	require.Equal(t, made.ETag, found.ETag)
	require.Equal(t, "a <b> & c", aws.ToString(found.Distribution.DistributionConfig.Comment))
	tags, err := client.ListTagsForResource(t.Context(), &cloudfront.ListTagsForResourceInput{Resource: made.Distribution.ARN})
	require.NoError(t, err)
	require.Equal(t, []types.Tag{{Key: aws.String("b"), Value: aws.String("2 & 3")}}, tags.Tags.Items)
	listed, err := client.ListDistributions(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, id, listed.DistributionList.Items[0].Id)

	config := found.Distribution.DistributionConfig
	config.Enabled = aws.Bool(false)
	_, err = client.UpdateDistribution(t.Context(), &cloudfront.UpdateDistributionInput{Id: id, IfMatch: aws.String("E0"), DistributionConfig: config})
	requireCode(t, err, "PreconditionFailed")
	changed, err := client.UpdateDistribution(t.Context(), &cloudfront.UpdateDistributionInput{Id: id, IfMatch: made.ETag, DistributionConfig: config})
	require.NoError(t, err)
	require.NoError(t, cloudfront.NewDistributionDeployedWaiter(client, func(o *cloudfront.DistributionDeployedWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, time.Second
	}).Wait(t.Context(), &cloudfront.GetDistributionInput{Id: id}, time.Minute))
	_, err = client.DeleteDistribution(t.Context(), &cloudfront.DeleteDistributionInput{Id: id, IfMatch: changed.ETag})
	require.NoError(t, err)
	_, err = client.GetDistribution(t.Context(), &cloudfront.GetDistributionInput{Id: id})
	requireCode(t, err, "NoSuchDistribution")
}

func TestProviderMakesDistributions(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	configuration := `
resource "aws_cloudfront_distribution" "main" {
  enabled = true
  origin {
    origin_id   = "app"
    domain_name = "app.example.com"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }
  default_cache_behavior {
    target_origin_id       = "app"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  }
  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
`
	w := newWorkspace(t, account, configuration)
	w.settle(t, configuration)
	w.settle(t, strings.Replace(configuration, `viewer_protocol_policy = "redirect-to-https"`, `viewer_protocol_policy = "https-only"`, 1))
	w.destroy(t)
}
