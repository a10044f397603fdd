package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/aegisworld/aegis"
)

// Sessions last between STS's minimum and the most that one role may have when
// another assumes it.
const (
	minSession = 15 * time.Minute
	maxSession = time.Hour
	// roleAbsence is how long a role that could not be assumed is not tried.
	roleAbsence = 30 * time.Second
)

// Credentials returns keys for one run: a session of the executor role whose
// policy allows no more than run.Policy does, and nothing but reading without
// one. They are reused until five minutes before they expire.
func (c *Cloud) Credentials(ctx context.Context, run aegis.StackRun) (aegis.Credentials, error) {
	request, err := c.session(run)
	if err != nil {
		return aegis.Credentials{}, fmt.Errorf("credentials for stack %s: %w", run.Stack.StackID, err)
	}
	return c.assumed(ctx, run, request)
}

// assumed returns keys of a session of the first of the run's roles that there is.
func (c *Cloud) assumed(ctx context.Context, run aegis.StackRun, request sessionRequest) (aegis.Credentials, error) {
	account, err := c.AccountID(ctx)
	if err != nil {
		return aegis.Credentials{}, err
	}
	request.account = account
	for _, role := range c.roles(run, account) {
		request.role = role
		found, assumeErr := c.sessions.get(ctx, request, c.assume)
		if assumeErr == nil {
			return found, nil
		}
		err = assumeErr
		if !denied(err) {
			break
		}
		c.missing(role)
	}
	return aegis.Credentials{}, fmt.Errorf("credentials for stack %s: %w", run.Stack.StackID, err)
}

// session describes the session that a run needs, except for its role.
func (c *Cloud) session(run aegis.StackRun) (sessionRequest, error) {
	statements, err := sessionStatements(run, c.cfg.Regions)
	if err != nil {
		return sessionRequest{}, err
	}
	return sessionOf(run, statements)
}

// sessionOf describes a session that may do what statements allow.
func sessionOf(run aegis.StackRun, statements []statement) (sessionRequest, error) {
	policies, err := split(statements)
	if err != nil {
		return sessionRequest{}, err
	}
	return sessionRequest{
		name: sessionName(run.ChangeSetID), changeSetID: run.ChangeSetID, environment: run.Stack.Environment, duration: sessionDuration(run.Policy),
		inline: policies.inline, managed: strings.Join(policies.managed, "\n"),
	}, nil
}

// roles are the roles to try, in order. The executor may not change itself, so
// layer security has the bootstrap role alone, and so has a run that belongs to
// no environment.
func (c *Cloud) roles(run aegis.StackRun, account string) []string {
	if run.Stack.Adopted() && c.cfg.AdoptedRoleARN != "" {
		return []string{expand(c.cfg.AdoptedRoleARN, account, run.Stack)}
	}
	bootstrap := expand(c.cfg.BootstrapRoleARN, account, run.Stack)
	executor := expand(c.cfg.ExecutorRoleARN, account, run.Stack)
	security := run.Stack.Layer == aegis.LayerSecurity && !run.Stack.Adopted()
	if security || run.Stack.Environment == "" {
		return []string{bootstrap}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if until, ok := c.absent[executor]; ok && c.cfg.Now().Before(until) {
		return []string{bootstrap}
	}
	return slices.Compact([]string{executor, bootstrap})
}

func (c *Cloud) missing(role string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.absent[role] = c.cfg.Now().Add(roleAbsence)
}

func expand(pattern, account string, stack aegis.Stack) string {
	return strings.NewReplacer("{account}", account, "{environment}", stack.Environment, "{region}", stack.Region).Replace(pattern)
}

// sessionName carries the change set's id into CloudTrail. The executor's
// trust policy demands its prefix.
func sessionName(changeSetID string) string {
	if changeSetID == "" {
		changeSetID = "observe"
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@-_", r) {
			return r
		}
		return '-'
	}, "aegis-"+changeSetID)
	return name[:min(len(name), 64)]
}

// sessionDuration is the change's longest duration and five minutes, within
// what STS allows.
func sessionDuration(policy *aegis.ExecutionPolicy) time.Duration {
	if policy == nil || policy.ResourceLimits.MaxDurationSecs <= 0 {
		return maxSession
	}
	wanted := time.Duration(policy.ResourceLimits.MaxDurationSecs)*time.Second + expiryMargin
	return max(minSession, min(maxSession, wanted))
}

// assume asks STS for a session.
func (c *Cloud) assume(ctx context.Context, request sessionRequest) (aegis.Credentials, error) {
	if err := c.recordBase(ctx); err != nil {
		return aegis.Credentials{}, err
	}
	if err := c.ensureBootstrapRole(ctx, request); err != nil {
		return aegis.Credentials{}, err
	}
	input := &sts.AssumeRoleInput{
		RoleArn:         aws.String(request.role),
		RoleSessionName: aws.String(request.name),
		DurationSeconds: aws.Int32(int32(request.duration / time.Second)), //nolint:gosec // an hour at most
	}
	if request.inline != "" {
		input.Policy = aws.String(request.inline)
	}
	for _, text := range request.documents() {
		arn, err := c.managedPolicy(ctx, request, text)
		if err != nil {
			return aegis.Credentials{}, fmt.Errorf("%w: %w", errManagedPolicy, err)
		}
		input.PolicyArns = append(input.PolicyArns, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	output, err := c.sts.AssumeRole(ctx, input)
	if err != nil {
		return aegis.Credentials{}, refusal(request, err)
	}
	made := aegis.Credentials{
		AccessKeyID:     aws.ToString(output.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(output.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(output.Credentials.SessionToken),
		Expires:         aws.ToTime(output.Credentials.Expiration),
	}
	err = c.cfg.RecordKey(ctx, aegis.IssuedKey{
		AccessKeyID: made.AccessKeyID, ChangeSetID: request.changeSetID, ExpiresAt: made.Expires,
	})
	if err != nil {
		return aegis.Credentials{}, fmt.Errorf("record the session's key: %w", err)
	}
	c.cfg.Logger.DebugContext(ctx, "session made", "role", request.role, "session", request.name)
	return made, nil
}

// baseKeyLife is how long the base identity's key counts as in use after a
// session was made with it.
const baseKeyLife = 24 * time.Hour

// recordBase notes the key of the base identity, which makes policies and, in a
// sandbox, a role.
func (c *Cloud) recordBase(ctx context.Context) error {
	keys, err := c.BaseCredentials(ctx)
	if err != nil {
		return err
	}
	err = c.cfg.RecordKey(ctx, aegis.IssuedKey{AccessKeyID: keys.AccessKeyID, ExpiresAt: c.cfg.Now().Add(baseKeyLife)})
	if err != nil {
		return fmt.Errorf("record the base identity's key: %w", err)
	}
	return nil
}

// refusal is STS's error, with the field or the policies that it is about.
func refusal(request sessionRequest, err error) error {
	if _, large := errors.AsType[*types.PackedPolicyTooLargeException](err); large {
		return tooLong("STS packs the session policy into more than it takes")
	}
	err = fmt.Errorf("assume role %s: %w", request.role, err)
	if request.managed != "" && notThere(err) {
		// IAM shows a new policy late here and there, which says nothing of the role.
		return fmt.Errorf("%w: %w", errManagedPolicy, err)
	}
	return err
}

// denied says that the role is not there or not for this caller: STS does not
// tell which.
func denied(err error) bool {
	if errors.Is(err, errManagedPolicy) {
		return false
	}
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "AccessDenied" || api.ErrorCode() == "AccessDeniedException" || api.ErrorCode() == "NoSuchEntity")
}
