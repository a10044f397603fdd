package cloud

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aegisworld/aegis"
)

// A part of a user, group or role has the id that the Terraform provider
// imports it by: the owner's name, a separator, and the policy's ARN or name.

// attachments removes managed policies from owners of a kind.
func attachments(kind string) remover {
	return remover{
		read: func(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
			owner, arn, ok := strings.Cut(r.ID, "/")
			if !ok {
				return nil, badID(r)
			}
			for policy, err := range attachedTo(ctx, c.iam(), kind, owner) {
				if err != nil {
					return nil, err
				}
				if aws.ToString(policy.PolicyArn) == arn {
					return map[string]any{kind: owner, "policy_arn": arn}, nil
				}
			}
			return nil, gone(r)
		},
		remove: func(ctx context.Context, c clients, r aegis.CloudResource) error {
			owner, arn, _ := strings.Cut(r.ID, "/")
			return detach(ctx, c.iam(), kind, owner, arn)
		},
	}
}

func badID(r aegis.CloudResource) error {
	return aegis.Invalid("removals", fmt.Sprintf("%q is no id of type %s", r.ID, r.Type))
}

func attachedTo(ctx context.Context, c *iam.Client, kind, owner string) iter.Seq2[types.AttachedPolicy, error] {
	switch kind {
	case "role":
		pages := iam.NewListAttachedRolePoliciesPaginator(c, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(owner)})
		return items(ctx, pages, func(p *iam.ListAttachedRolePoliciesOutput) []types.AttachedPolicy { return p.AttachedPolicies })
	case "user":
		pages := iam.NewListAttachedUserPoliciesPaginator(c, &iam.ListAttachedUserPoliciesInput{UserName: aws.String(owner)})
		return items(ctx, pages, func(p *iam.ListAttachedUserPoliciesOutput) []types.AttachedPolicy { return p.AttachedPolicies })
	default:
		pages := iam.NewListAttachedGroupPoliciesPaginator(c, &iam.ListAttachedGroupPoliciesInput{GroupName: aws.String(owner)})
		return items(ctx, pages, func(p *iam.ListAttachedGroupPoliciesOutput) []types.AttachedPolicy { return p.AttachedPolicies })
	}
}

func detach(ctx context.Context, c *iam.Client, kind, owner, arn string) (err error) {
	switch kind {
	case "role":
		_, err = c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(owner), PolicyArn: aws.String(arn)})
	case "user":
		_, err = c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String(owner), PolicyArn: aws.String(arn)})
	default:
		_, err = c.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: aws.String(owner), PolicyArn: aws.String(arn)})
	}
	return err
}

// inlinePolicies removes policies that owners of a kind hold themselves.
func inlinePolicies(kind string) remover {
	return remover{
		read: func(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
			owner, name, ok := strings.Cut(r.ID, ":")
			if !ok {
				return nil, badID(r)
			}
			text, err := inlineText(ctx, c.iam(), kind, owner, name)
			if err != nil {
				return nil, err
			}
			return map[string]any{kind: owner, "name": name, "policy": decoded(text)}, nil
		},
		remove: func(ctx context.Context, c clients, r aegis.CloudResource) error {
			owner, name, _ := strings.Cut(r.ID, ":")
			return deleteInline(ctx, c.iam(), kind, owner, name)
		},
	}
}

// decoded is a policy's text, which IAM escapes as in a URL.
func decoded(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil && strings.HasPrefix(text, "%7B") {
		return plain
	}
	return text
}

func inlineText(ctx context.Context, c *iam.Client, kind, owner, name string) (string, error) {
	switch kind {
	case "role":
		out, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(owner), PolicyName: aws.String(name)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.PolicyDocument), nil
	case "user":
		out, err := c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String(owner), PolicyName: aws.String(name)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.PolicyDocument), nil
	default:
		out, err := c.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: aws.String(owner), PolicyName: aws.String(name)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.PolicyDocument), nil
	}
}

func deleteInline(ctx context.Context, c *iam.Client, kind, owner, name string) (err error) {
	switch kind {
	case "role":
		_, err = c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(owner), PolicyName: aws.String(name)})
	case "user":
		_, err = c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String(owner), PolicyName: aws.String(name)})
	default:
		_, err = c.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: aws.String(owner), PolicyName: aws.String(name)})
	}
	return err
}

// An access key belongs to ParentID, a user.

func readAccessKey(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
	keys, err := keysOf(ctx, c, r.ParentID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.ID == r.ID {
			return key.Attributes, nil
		}
	}
	return nil, gone(r)
}

func deleteAccessKey(ctx context.Context, c clients, r aegis.CloudResource) error {
	_, err := c.iam().DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String(r.ParentID), AccessKeyId: aws.String(r.ID)})
	return err
}

// A bucket's policy has the bucket's name.

func readBucketPolicy(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
	out, err := c.s3().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(r.ID)})
	if err != nil {
		return nil, err
	}
	return map[string]any{"bucket": r.ID, "policy": aws.ToString(out.Policy)}, nil
}

func deleteBucketPolicy(ctx context.Context, c clients, r aegis.CloudResource) error {
	_, err := c.s3().DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(r.ID)})
	return err
}
