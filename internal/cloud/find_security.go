package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/aegisworld/aegis"
)

func findRole(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.iam().GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(input(lookup, "name"))})
	if err != nil || !ours(iamTags(output.Role.Tags), lookup) {
		return "", err
	}
	return aws.ToString(output.Role.RoleName), nil
}

// findPolicy returns the ARN, which follows from the name.
func findPolicy(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	path := input(lookup, "path")
	if path == "" {
		path = "/"
	}
	arn := "arn:aws:iam::" + c.account + ":policy" + path + input(lookup, "name")
	output, err := c.iam().GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil || !ours(iamTags(output.Policy.Tags), lookup) {
		return "", err
	}
	return arn, nil
}

func findInstanceProfile(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.iam().GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{
		InstanceProfileName: aws.String(input(lookup, "name")),
	})
	if err != nil || !ours(iamTags(output.InstanceProfile.Tags), lookup) {
		return "", err
	}
	return aws.ToString(output.InstanceProfile.InstanceProfileName), nil
}

func iamTags(list []iamtypes.Tag) map[string]string {
	return tagMap(list, func(t iamtypes.Tag) (key, value *string) { return t.Key, t.Value })
}

// findKey asks every key for its tags; keys that wait for their deletion are
// gone.
func findKey(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	client := c.kms()
	pages := kms.NewListKeysPaginator(client, &kms.ListKeysInput{})
	for key, err := range items(ctx, pages, func(p *kms.ListKeysOutput) []types.KeyListEntry { return p.Keys }) {
		if err != nil {
			return "", err
		}
		match, err := keyMatches(ctx, client, aws.ToString(key.KeyId), lookup)
		if err != nil {
			return "", err
		}
		if match {
			return aws.ToString(key.KeyId), nil
		}
	}
	return "", nil
}

func keyMatches(ctx context.Context, client *kms.Client, id string, lookup aegis.Lookup) (bool, error) {
	listed, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: aws.String(id)})
	if _, gone := errors.AsType[*types.NotFoundException](err); gone {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	tags := tagMap(listed.Tags, func(t types.Tag) (key, value *string) { return t.TagKey, t.TagValue })
	if tags[tagStack] != lookup.StackID || tags[tagAddress] != lookup.Address {
		return false, nil
	}
	key, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})
	return err == nil && key.KeyMetadata.KeyState != types.KeyStatePendingDeletion, err
}

// findAlias looks by name; an alias has no tags.
func findAlias(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := kms.NewListAliasesPaginator(c.kms(), &kms.ListAliasesInput{})
	for alias, err := range items(ctx, pages, func(p *kms.ListAliasesOutput) []types.AliasListEntry { return p.Aliases }) {
		if err != nil {
			return "", err
		}
		if aws.ToString(alias.AliasName) == input(lookup, "name") {
			return aws.ToString(alias.AliasName), nil
		}
	}
	return "", nil
}
