package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	securityhubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/aegisworld/aegis"
)

// findTrail returns the ARN of a trail by its name.
func findTrail(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	found, err := c.cloudtrail().GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String(input(lookup, "name"))})
	if _, absent := errors.AsType[*cloudtrailtypes.TrailNotFoundException](err); absent {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	arn := aws.ToString(found.Trail.TrailARN)
	listed, err := c.cloudtrail().ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{arn}})
	if err != nil {
		return "", err
	}
	tags := map[string]string{}
	for _, resource := range listed.ResourceTagList {
		for _, tag := range resource.TagsList {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	if !ours(tags, lookup) {
		return "", nil
	}
	return arn, nil
}

// findDetector looks at the region's detector: there is one at most.
func findDetector(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	listed, err := c.guardduty().ListDetectors(ctx, nil)
	if err != nil || len(listed.DetectorIds) == 0 {
		return "", err
	}
	id := listed.DetectorIds[0]
	detector, err := c.guardduty().GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String(id)})
	if err != nil || !ours(detector.Tags, lookup) {
		return "", err
	}
	return id, nil
}

// findHub returns the account's id, which is what the provider calls its hub.
func findHub(ctx context.Context, c clients, _ aegis.Lookup) (string, error) {
	_, err := c.securityhub().DescribeHub(ctx, nil)
	if _, absent := errors.AsType[*securityhubtypes.InvalidAccessException](err); absent {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return c.account, nil
}

func findAnalyzer(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "analyzer_name")
	found, err := c.analyzer().GetAnalyzer(ctx, &accessanalyzer.GetAnalyzerInput{AnalyzerName: aws.String(name)})
	if err != nil || !ours(found.Analyzer.Tags, lookup) {
		return "", err
	}
	return name, nil
}

// findWebACL returns "id/name/scope", the import format of a web ACL.
func findWebACL(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name, scope := input(lookup, "name"), input(lookup, "scope")
	request := &wafv2.ListWebACLsInput{Scope: types.Scope(scope)}
	for {
		listed, err := c.wafv2().ListWebACLs(ctx, request)
		if err != nil {
			return "", err
		}
		for _, acl := range listed.WebACLs {
			if aws.ToString(acl.Name) != name {
				continue
			}
			match, err := webACLMatches(ctx, c, aws.ToString(acl.ARN), lookup)
			if err != nil || !match {
				return "", err
			}
			return aws.ToString(acl.Id) + "/" + name + "/" + scope, nil
		}
		if request.NextMarker = listed.NextMarker; request.NextMarker == nil {
			return "", nil
		}
	}
}

func webACLMatches(ctx context.Context, c clients, arn string, lookup aegis.Lookup) (bool, error) {
	listed, err := c.wafv2().ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: aws.String(arn)})
	if err != nil {
		return false, err
	}
	tags := map[string]string{}
	if listed.TagInfoForResource != nil {
		for _, tag := range listed.TagInfoForResource.TagList {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return ours(tags, lookup), nil
}
