package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// distributionRegion is where CloudFront looks for certificates and web ACLs.
const distributionRegion = "us-east-1"

// distributionZone is the hosted zone of all distributions' own names:
// https://docs.aws.amazon.com/general/latest/gr/cf_region.html.
const distributionZone = "Z2FDTNDATAQYW2"

// Policies that AWS keeps for distributions:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
// and the pages beside it.
const (
	cachingDisabled     = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	cachingOptimized    = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	allViewerExceptHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	securityHeaders     = "67f7725c-6f97-4210-82d7-5512b31e9d03"
)

// distribute declares the distribution before app.<domain>, with a certificate and
// a name of its own.
func distribute(s *stack, params aegis.EdgeSpec, spec aegis.DistributionSpec, zone pulumi.StringInput) error {
	name := spec.Name + "." + params.Domain
	issued, err := certificate(s, "distribution", "distribution-validation", name, zone)
	if err != nil {
		return err
	}
	args := distributionArgs(params, spec, name)
	args.ViewerCertificate = cloudfront.DistributionViewerCertificateArgs{
		AcmCertificateArn: issued.CertificateArn, MinimumProtocolVersion: pulumi.String("TLSv1.2_2021"), SslSupportMethod: pulumi.String("sni-only"),
	}
	if spec.WebACL != nil {
		acl, err := webACL(s, "distribution", "CLOUDFRONT", *spec.WebACL)
		if err != nil {
			return err
		}
		args.WebAclId = acl.Arn
	}
	made, err := cloudfront.NewDistribution(s.ctx, "main", args, s.opts()...)
	if err != nil {
		return err
	}
	for _, kind := range []string{"A", "AAAA"} {
		_, err := route53.NewRecord(s.ctx, "distribution-"+strings.ToLower(kind), &route53.RecordArgs{
			ZoneId: zone, Name: pulumi.String(name), Type: pulumi.String(kind),
			Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
				Name: made.DomainName, ZoneId: pulumi.String(distributionZone), EvaluateTargetHealth: pulumi.Bool(false),
			}},
		}, s.opts()...)
		if err != nil {
			return err
		}
	}
	s.output("distribution_id", made.ID())
	s.output("distribution_name", pulumi.String(name))
	s.check("distribution deployed", "aws_cloudfront_distribution", made.ID(), map[string]string{"status": "Deployed", "enabled": "true"})
	return nil
}

func distributionArgs(params aegis.EdgeSpec, spec aegis.DistributionSpec, name string) *cloudfront.DistributionArgs {
	origin := pulumi.String("app")
	methods := pulumi.ToStringArray([]string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
	reads := pulumi.ToStringArray([]string{"GET", "HEAD"})
	cached := cloudfront.DistributionOrderedCacheBehaviorArray{}
	for _, path := range spec.CachedPaths {
		cached = append(cached, cloudfront.DistributionOrderedCacheBehaviorArgs{
			PathPattern: pulumi.String(path), TargetOriginId: origin, ViewerProtocolPolicy: pulumi.String("redirect-to-https"), Compress: pulumi.Bool(true),
			AllowedMethods: reads, CachedMethods: reads,
			CachePolicyId: pulumi.String(cachingOptimized), ResponseHeadersPolicyId: pulumi.String(securityHeaders),
		})
	}
	return &cloudfront.DistributionArgs{
		Enabled: pulumi.Bool(true), IsIpv6Enabled: pulumi.Bool(true), HttpVersion: pulumi.String("http2and3"),
		Comment: pulumi.String("Estate of " + params.Domain), Aliases: pulumi.ToStringArray([]string{name}), PriceClass: pulumi.String(priceClass(spec.PriceClass)),
		Origins: cloudfront.DistributionOriginArray{cloudfront.DistributionOriginArgs{
			OriginId: origin, DomainName: pulumi.String(appName(params)),
			CustomOriginConfig: cloudfront.DistributionOriginCustomOriginConfigArgs{
				HttpPort: pulumi.Int(80), HttpsPort: pulumi.Int(443), OriginProtocolPolicy: pulumi.String("https-only"),
				OriginSslProtocols: pulumi.ToStringArray([]string{"TLSv1.2"}),
			},
		}},
		DefaultCacheBehavior: cloudfront.DistributionDefaultCacheBehaviorArgs{
			TargetOriginId: origin, ViewerProtocolPolicy: pulumi.String("redirect-to-https"), Compress: pulumi.Bool(true),
			AllowedMethods: methods, CachedMethods: reads,
			CachePolicyId: pulumi.String(cachingDisabled), OriginRequestPolicyId: pulumi.String(allViewerExceptHost),
			ResponseHeadersPolicyId: pulumi.String(securityHeaders),
		},
		OrderedCacheBehaviors: cached,
		Restrictions: cloudfront.DistributionRestrictionsArgs{
			GeoRestriction: cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")},
		},
	}
}

func priceClass(class string) string {
	if class == "all" {
		return "PriceClass_All"
	}
	return "PriceClass_" + class
}
