package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	// policyAge is the age at which a managed session policy is retired.
	policyAge = 7 * 24 * time.Hour
	// policyRest is how long after that it is removed: when all sessions that
	// have it are over, however late one was made.
	policyRest = 2 * maxSession
	// tidyEvery is the pause between two rounds of one process, maxTidied how
	// many policies a round changes at most.
	tidyEvery = time.Hour
	maxTidied = 50
)

// TidyPolicies retires managed session policies that are a week old, so that
// new sessions get fresh ones, and removes those that were retired two hours
// ago or longer, when no session is left that has them. It does so once an hour
// at most, for 50 policies at most; any number of processes may.
func (c *Cloud) TidyPolicies(ctx context.Context) error {
	now := c.cfg.Now()
	c.mu.Lock()
	due := !now.Before(c.nextTidy)
	if due {
		c.nextTidy = now.Add(tidyEvery)
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	client := c.baseIAM()
	tidied := 0
	pages := iam.NewListPoliciesPaginator(client, &iam.ListPoliciesInput{
		PathPrefix: aws.String(sessionPolicyPath), Scope: types.PolicyScopeTypeLocal,
	})
	for policy, err := range items(ctx, pages, func(p *iam.ListPoliciesOutput) []types.Policy { return p.Policies }) {
		if err != nil {
			return fmt.Errorf("list managed session policies: %w", err)
		}
		if now.Sub(aws.ToTime(policy.CreateDate)) < policyAge {
			continue
		}
		changed, err := c.tidy(ctx, client, aws.ToString(policy.Arn), now)
		if err != nil && !notThere(err) {
			return fmt.Errorf("tidy session policy %s: %w", aws.ToString(policy.Arn), err)
		}
		if changed {
			tidied++
		}
		if tidied == maxTidied {
			return nil
		}
	}
	return nil
}

// tidy retires an old policy or removes a retired one.
func (c *Cloud) tidy(ctx context.Context, client *iam.Client, arn string, now time.Time) (changed bool, err error) {
	found, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return false, err
	}
	at, retired := retiredAt(found.Policy)
	switch {
	case !retired:
		_, err = client.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: aws.String(arn), Tags: []types.Tag{
			{Key: aws.String(tagRetired), Value: aws.String(now.UTC().Format(time.RFC3339))},
		}})
	case now.Sub(at) >= policyRest:
		err = remove(ctx, client, arn)
	default:
		return false, nil
	}
	if err == nil {
		c.cfg.Logger.InfoContext(ctx, "session policy tidied", "policy", arn, "removed", retired)
	}
	return true, err
}

// remove deletes a policy with all its versions. One that someone attached is
// theirs now, and stays.
func remove(ctx context.Context, client *iam.Client, arn string) error {
	versions, err := client.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return err
	}
	for _, version := range versions.Versions {
		if version.IsDefaultVersion {
			continue
		}
		if _, err := client.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{
			PolicyArn: aws.String(arn), VersionId: version.VersionId,
		}); err != nil {
			return err
		}
	}
	_, err = client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(arn)})
	if _, attached := errors.AsType[*types.DeleteConflictException](err); attached {
		return nil
	}
	return err
}
