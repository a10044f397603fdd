package front

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func (a *access) readUser(ctx context.Context, name string) (principal, error) {
	got, err := a.client.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if err != nil {
		return principal{}, fmt.Errorf("read user %s: %w", name, err)
	}
	p := principal{name: name, arn: aws.ToString(got.User.Arn), id: aws.ToString(got.User.UserId), tags: tagMap(got.User.Tags)}
	if p.boundary, err = a.boundary(ctx, got.User.PermissionsBoundary); err != nil {
		return p, err
	}
	if err := a.userPolicies(ctx, &p); err != nil {
		return p, err
	}
	groups, err := a.client.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &name})
	if err != nil {
		return p, fmt.Errorf("read groups of user %s: %w", name, err)
	}
	for _, group := range groups.Groups {
		if err := a.groupPolicies(ctx, &p, aws.ToString(group.GroupName)); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (a *access) userPolicies(ctx context.Context, p *principal) error {
	inline, err := a.client.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &p.name})
	if err != nil {
		return fmt.Errorf("read policies of user %s: %w", p.name, err)
	}
	for _, inlineName := range inline.PolicyNames {
		one, err := a.client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &p.name, PolicyName: &inlineName})
		if err != nil {
			return fmt.Errorf("read policy %s of user %s: %w", inlineName, p.name, err)
		}
		if err := p.add(one.PolicyDocument); err != nil {
			return fmt.Errorf("read policy %s of user %s: %w", inlineName, p.name, err)
		}
	}
	attached, err := a.client.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &p.name})
	if err != nil {
		return fmt.Errorf("read policies of user %s: %w", p.name, err)
	}
	return a.attach(ctx, p, attached.AttachedPolicies)
}

func (a *access) groupPolicies(ctx context.Context, p *principal, group string) error {
	inline, err := a.client.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: &group})
	if err != nil {
		return fmt.Errorf("read policies of group %s: %w", group, err)
	}
	for _, inlineName := range inline.PolicyNames {
		one, err := a.client.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &group, PolicyName: &inlineName})
		if err != nil {
			return fmt.Errorf("read policy %s of group %s: %w", inlineName, group, err)
		}
		if err := p.add(one.PolicyDocument); err != nil {
			return fmt.Errorf("read policy %s of group %s: %w", inlineName, group, err)
		}
	}
	attached, err := a.client.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &group})
	if err != nil {
		return fmt.Errorf("read policies of group %s: %w", group, err)
	}
	return a.attach(ctx, p, attached.AttachedPolicies)
}
