package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/aegisworld/aegis"
)

// findZone looks by name and tags: two zones may have one name.
func findZone(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := strings.TrimSuffix(input(lookup, "name"), ".") + "."
	output, err := c.route53().ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String(name)})
	if err != nil {
		return "", err
	}
	for _, zone := range output.HostedZones {
		id := strings.TrimPrefix(aws.ToString(zone.Id), "/hostedzone/")
		if aws.ToString(zone.Name) != name {
			continue
		}
		match, err := route53Matches(ctx, c, types.TagResourceTypeHostedzone, id, lookup)
		if err != nil || match {
			return id, err
		}
	}
	return "", nil
}

// route53Matches says whether a resource of Route 53 bears the lookup's tags.
func route53Matches(ctx context.Context, c clients, kind types.TagResourceType, id string, lookup aegis.Lookup) (bool, error) {
	listed, err := c.route53().ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
		ResourceType: kind, ResourceId: aws.String(id),
	})
	if err != nil {
		return false, err
	}
	tags := tagMap(listed.ResourceTagSet.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return tags[tagStack] == lookup.StackID && tags[tagAddress] == lookup.Address, nil
}

func findHealthCheck(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := route53.NewListHealthChecksPaginator(c.route53(), &route53.ListHealthChecksInput{})
	for check, err := range items(ctx, pages, func(p *route53.ListHealthChecksOutput) []types.HealthCheck { return p.HealthChecks }) {
		if err != nil {
			return "", err
		}
		id := aws.ToString(check.Id)
		match, err := route53Matches(ctx, c, types.TagResourceTypeHealthcheck, id, lookup)
		if err != nil || match {
			return id, err
		}
	}
	return "", nil
}

// findRecord returns "zone_name_type" or "zone_name_type_set", the import
// format of a record.
func findRecord(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	zone, name, kind, set := input(lookup, "zone_id"), input(lookup, "name"), input(lookup, "type"), input(lookup, "set_identifier")
	request := &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(zone), StartRecordName: aws.String(name), StartRecordType: types.RRType(kind),
	}
	if set != "" {
		request.StartRecordIdentifier = aws.String(set)
	}
	output, err := c.route53().ListResourceRecordSets(ctx, request)
	if err != nil {
		return "", err
	}
	for _, record := range output.ResourceRecordSets {
		if strings.TrimSuffix(aws.ToString(record.Name), ".") != strings.TrimSuffix(name, ".") ||
			string(record.Type) != kind || aws.ToString(record.SetIdentifier) != set {
			continue
		}
		return strings.TrimSuffix(strings.Join([]string{zone, name, kind, set}, "_"), "_"), nil
	}
	return "", nil
}
