package cloud

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aegisworld/aegis"
)

// findDistribution looks by tags: a distribution has no name.
func findDistribution(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := cloudfront.NewListDistributionsPaginator(c.cloudfront(), &cloudfront.ListDistributionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, one := range page.DistributionList.Items {
			listed, err := c.cloudfront().ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: one.ARN})
			if err != nil {
				return "", err
			}
			if ours(tagMap(listed.Tags.Items, func(t types.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
				return aws.ToString(one.Id), nil
			}
		}
	}
	return "", nil
}

// describeDistribution tells status and enabled, of a distribution by id.
func describeDistribution(ctx context.Context, c clients, id string) (map[string]string, error) {
	found, err := c.cloudfront().GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	if err != nil {
		return nil, err
	}
	if found.Distribution == nil || found.Distribution.DistributionConfig == nil {
		return nil, fmt.Errorf("distribution %s: %w", id, aegis.ErrNotFound)
	}
	return map[string]string{
		"status":  aws.ToString(found.Distribution.Status),
		"enabled": strconv.FormatBool(aws.ToBool(found.Distribution.DistributionConfig.Enabled)),
	}, nil
}
