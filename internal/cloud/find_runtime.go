package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/aegisworld/aegis"
)

func findRepository(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	found, err := c.ecr().DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if _, absent := errors.AsType[*ecrtypes.RepositoryNotFoundException](err); absent || err == nil && len(found.Repositories) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	listed, err := c.ecr().ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: found.Repositories[0].RepositoryArn})
	if err != nil || !ours(tagMap(listed.Tags, func(t ecrtypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return name, nil
}

// findBalancer returns the ARN of a load balancer by its name.
func findBalancer(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	found, err := c.elb().DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{input(lookup, "name")}})
	if _, absent := errors.AsType[*types.LoadBalancerNotFoundException](err); absent || err == nil && len(found.LoadBalancers) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return oursBalancing(ctx, c, aws.ToString(found.LoadBalancers[0].LoadBalancerArn), lookup)
}

// findTargets returns the ARN of a target group by its name.
func findTargets(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	found, err := c.elb().DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{input(lookup, "name")}})
	if _, absent := errors.AsType[*types.TargetGroupNotFoundException](err); absent || err == nil && len(found.TargetGroups) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return oursBalancing(ctx, c, aws.ToString(found.TargetGroups[0].TargetGroupArn), lookup)
}

// findListener returns the ARN of a load balancer's listener by its port.
func findListener(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	found, err := c.elb().DescribeListeners(ctx, &elasticloadbalancingv2.DescribeListenersInput{
		LoadBalancerArn: aws.String(input(lookup, "load_balancer_arn")),
	})
	if _, absent := errors.AsType[*types.LoadBalancerNotFoundException](err); absent {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, listener := range found.Listeners {
		if fmt.Sprint(aws.ToInt32(listener.Port)) == input(lookup, "port") {
			return oursBalancing(ctx, c, aws.ToString(listener.ListenerArn), lookup)
		}
	}
	return "", nil
}

// oursBalancing is the ARN when its tags do not contradict the lookup.
func oursBalancing(ctx context.Context, c clients, arn string, lookup aegis.Lookup) (string, error) {
	listed, err := c.elb().DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil {
		return "", err
	}
	tags := map[string]string{}
	for _, resource := range listed.TagDescriptions {
		for _, tag := range resource.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	if !ours(tags, lookup) {
		return "", nil
	}
	return arn, nil
}

// describeBalancer tells state, of a load balancer by its ARN.
func describeBalancer(ctx context.Context, c clients, id string) (map[string]string, error) {
	found, err := c.elb().DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{id}})
	if err != nil {
		return nil, err
	}
	if len(found.LoadBalancers) == 0 || found.LoadBalancers[0].State == nil {
		return nil, fmt.Errorf("load balancer %s: %w", id, aegis.ErrNotFound)
	}
	return map[string]string{"state": string(found.LoadBalancers[0].State.Code)}, nil
}
