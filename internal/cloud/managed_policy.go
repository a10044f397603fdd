package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// errManagedPolicy says that a session policy could not be made.
var errManagedPolicy = errors.New("make a managed session policy")

const (
	// tagRetired is on managed policies that no new session gets, with the time
	// since when.
	tagRetired = "aegis:retired"
	// maxPolicyNames bounds how many names are tried for one document.
	maxPolicyNames = 16
	// policyPatience is how long IAM may take to show a policy that it made.
	policyPatience = 30 * time.Second
)

// managedPolicy returns the ARN of a managed policy that has exactly this
// document, and makes it when there is none. Its name is made from the
// document, so that all workers share it. One that someone changed, or that is
// retired, is never used: the next name is.
func (c *Cloud) managedPolicy(ctx context.Context, request sessionRequest, text string) (string, error) {
	client := c.baseIAM()
	for turn := range maxPolicyNames {
		name := policyName(request.environment, text, turn)
		arn := "arn:aws:iam::" + request.account + ":policy" + sessionPolicyPath + name
		reason, err := unfit(ctx, client, arn, text)
		if notThere(err) {
			reason, err = c.makePolicy(ctx, client, name, arn, text)
		}
		if err != nil {
			return "", err
		}
		if reason == "" {
			return arn, nil
		}
		c.cfg.Logger.WarnContext(ctx, "session policy passed over", "policy", arn, "reason", reason)
	}
	return "", fmt.Errorf("all %d names of session policy %s are taken by policies that are not it",
		maxPolicyNames, policyName(request.environment, text, 0))
}

// policyName is the name of a managed session policy; turn tells apart those
// of one document.
func policyName(environment, text string, turn int) string {
	sum := sha256.Sum256([]byte(text))
	parts := []string{"aegis", environment, "session", hex.EncodeToString(sum[:16])}
	if turn > 0 {
		parts = append(parts, fmt.Sprint(turn))
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "-")
}

// makePolicy makes a policy, or finds that another worker just did.
func (c *Cloud) makePolicy(ctx context.Context, client *iam.Client, name, arn, text string) (reason string, err error) {
	_, err = client.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String(name), Path: aws.String(sessionPolicyPath), PolicyDocument: aws.String(text),
		Description: aws.String("Narrows sessions of AegisWorld's executor; unused ones are removed"),
	})
	if _, exists := errors.AsType[*types.EntityAlreadyExistsException](err); err != nil && !exists {
		return "", fmt.Errorf("create policy %s: %w", name, err)
	}
	waiter := iam.NewPolicyExistsWaiter(client, func(o *iam.PolicyExistsWaiterOptions) { o.MinDelay = time.Second })
	if err := waiter.Wait(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)}, policyPatience); err != nil {
		return "", fmt.Errorf("wait for policy %s: %w", name, err)
	}
	c.cfg.Logger.InfoContext(ctx, "session policy made", "policy", arn)
	return unfit(ctx, client, arn, text)
}

// unfit says why a managed policy is not to be used for a session that needs
// this document.
func unfit(ctx context.Context, client *iam.Client, arn, text string) (reason string, err error) {
	found, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return "", fmt.Errorf("read policy %s: %w", arn, err)
	}
	if _, retired := retiredAt(found.Policy); retired {
		return "retired", nil
	}
	version, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{
		PolicyArn: aws.String(arn), VersionId: found.Policy.DefaultVersionId,
	})
	if err != nil {
		return "", fmt.Errorf("read policy %s: %w", arn, err)
	}
	// IAM answers documents in URL encoding; one that is in none is not it.
	got, malformed := url.PathUnescape(aws.ToString(version.PolicyVersion.Document))
	if malformed == nil && got == text {
		return "", nil
	}
	return "its document was changed", nil
}

// retiredAt is when a policy was retired. A tag that can't be read is taken
// for one that was written long ago.
func retiredAt(policy *types.Policy) (at time.Time, retired bool) {
	for _, tag := range policy.Tags {
		if aws.ToString(tag.Key) == tagRetired {
			at, _ := time.Parse(time.RFC3339, aws.ToString(tag.Value))
			return at, true
		}
	}
	return time.Time{}, false
}
