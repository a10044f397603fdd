package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// listIdentities are the policies that roles, users and groups have, and the
// access keys of users: IAM tells the former in one listing.
func listIdentities(ctx context.Context, c clients) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(c.iam(), &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeRole, types.EntityTypeUser, types.EntityTypeGroup},
	})
	var users []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, role := range page.RoleDetailList {
			out = append(out, policiesOf("role", aws.ToString(role.RoleName), role.AttachedManagedPolicies, role.RolePolicyList)...)
		}
		for _, group := range page.GroupDetailList {
			out = append(out, policiesOf("group", aws.ToString(group.GroupName), group.AttachedManagedPolicies, group.GroupPolicyList)...)
		}
		for _, user := range page.UserDetailList {
			users = append(users, aws.ToString(user.UserName))
			out = append(out, policiesOf("user", aws.ToString(user.UserName), user.AttachedManagedPolicies, user.UserPolicyList)...)
		}
	}
	for _, user := range users {
		keys, err := keysOf(ctx, c, user)
		if err != nil {
			return nil, err
		}
		out = append(out, keys...)
	}
	return out, nil
}

func policiesOf(kind, owner string, attached []types.AttachedPolicy, inline []types.PolicyDetail) []aegis.CloudResource {
	var out []aegis.CloudResource
	parent := "aws_iam_" + kind
	for _, policy := range attached {
		arn := aws.ToString(policy.PolicyArn)
		out = append(out, aegis.CloudResource{
			Type: parent + "_policy_attachment", ID: owner + "/" + arn, ParentType: parent, ParentID: owner,
			Attributes: map[string]any{kind: owner, "policy_arn": arn},
		})
	}
	for _, policy := range inline {
		name := aws.ToString(policy.PolicyName)
		out = append(out, aegis.CloudResource{
			Type: parent + "_policy", ID: owner + ":" + name, ParentType: parent, ParentID: owner,
			Attributes: map[string]any{kind: owner, "name": name, "policy": decoded(aws.ToString(policy.PolicyDocument))},
		})
	}
	return out
}

func keysOf(ctx context.Context, c clients, user string) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := iam.NewListAccessKeysPaginator(c.iam(), &iam.ListAccessKeysInput{UserName: aws.String(user)})
	for key, err := range items(ctx, pages, func(p *iam.ListAccessKeysOutput) []types.AccessKeyMetadata { return p.AccessKeyMetadata }) {
		if err != nil {
			return nil, err
		}
		out = append(out, aegis.CloudResource{
			Type: "aws_iam_access_key", ID: aws.ToString(key.AccessKeyId), ParentType: "aws_iam_user", ParentID: user,
			Attributes: map[string]any{"user": user, "status": string(key.Status)},
		})
	}
	return out, nil
}

// listBucketPolicies are those of the buckets of the clients' region.
func listBucketPolicies(ctx context.Context, c clients) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := s3.NewListBucketsPaginator(c.s3(), &s3.ListBucketsInput{BucketRegion: aws.String(c.cfg.Region), MaxBuckets: aws.Int32(1000)})
	for bucket, err := range items(ctx, pages, func(p *s3.ListBucketsOutput) []s3types.Bucket { return p.Buckets }) {
		if err != nil {
			return nil, err
		}
		name := aws.ToString(bucket.Name)
		if region := aws.ToString(bucket.BucketRegion); region != "" && region != c.cfg.Region {
			continue
		}
		r := aegis.CloudResource{Type: "aws_s3_bucket_policy", ID: name, Region: c.cfg.Region, ParentType: "aws_s3_bucket", ParentID: name}
		attributes, err := readBucketPolicy(ctx, c, r)
		if notThere(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.Attributes = attributes
		out = append(out, r)
	}
	return out, nil
}
