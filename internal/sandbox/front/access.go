package front

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
)

// errNoPrincipal says that the account has no such user or role.
var errNoPrincipal = errors.New("no such principal")

// principal is a user or a role with everything that policies say about it.
type principal struct {
	name, arn, id string
	// policies are its own documents: inline, attached, and its groups'.
	policies []policy.Document
	// boundary is the permission boundary, nil without one.
	boundary *policy.Document
	tags     map[string]string
	// trust and maxSession (in seconds) are a role's.
	trust      policy.Document
	maxSession int32
}

// access reads principals and policies from the primary emulator and keeps
// them until the next change in IAM.
type access struct {
	client *iam.Client

	mu      sync.Mutex
	version int64
	users   map[string]principal
	roles   map[string]principal
	// documents are the managed policies' default versions by ARN.
	documents map[string]policy.Document
	// aws are those of AWS, which never change.
	aws map[string]policy.Document
}

func newAccess(client *iam.Client) *access {
	a := &access{client: client, aws: map[string]policy.Document{}}
	a.forget()
	return a
}

// forget drops what was read; a reading under way is not kept either.
func (a *access) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	a.users, a.roles, a.documents = map[string]principal{}, map[string]principal{}, map[string]policy.Document{}
}

func (a *access) user(ctx context.Context, name string) (principal, error) {
	return a.cached(ctx, func() map[string]principal { return a.users }, name, a.readUser)
}

func (a *access) role(ctx context.Context, name string) (principal, error) {
	return a.cached(ctx, func() map[string]principal { return a.roles }, name, a.readRole)
}

func (a *access) cached(
	ctx context.Context, table func() map[string]principal, name string,
	read func(context.Context, string) (principal, error),
) (principal, error) {
	a.mu.Lock()
	found, ok := table()[name]
	version := a.version
	a.mu.Unlock()
	if ok {
		return found, nil
	}
	found, err := read(ctx, name)
	if err != nil {
		return principal{}, missing(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.version == version {
		table()[name] = found
	}
	return found, nil
}

func missing(err error) error {
	if absent := new(types.NoSuchEntityException); errors.As(err, &absent) {
		return fmt.Errorf("%w: %w", errNoPrincipal, err)
	}
	return err
}

// managed is the default version of a managed policy.
func (a *access) managed(ctx context.Context, arn string) (policy.Document, error) {
	a.mu.Lock()
	document, ok := a.documents[arn]
	if !ok {
		document, ok = a.aws[arn]
	}
	version := a.version
	a.mu.Unlock()
	if ok {
		return document, nil
	}
	described, err := a.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return document, fmt.Errorf("read policy %s: %w", arn, err)
	}
	got, err := a.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{
		PolicyArn: &arn, VersionId: described.Policy.DefaultVersionId,
	})
	if err != nil {
		return document, fmt.Errorf("read policy %s: %w", arn, err)
	}
	if document, err = policy.Parse(plain(got.PolicyVersion.Document)); err != nil {
		return document, fmt.Errorf("read policy %s: %w", arn, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case ownedByAWS(arn):
		a.aws[arn] = document
	case a.version == version:
		a.documents[arn] = document
	}
	return document, nil
}

func ownedByAWS(arn string) bool { return len(arn) > 17 && arn[:17] == "arn:aws:iam::aws:" }

// plain undoes the URL encoding in which IAM answers documents.
func plain(document *string) string {
	text := aws.ToString(document)
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

func (a *access) readRole(ctx context.Context, name string) (principal, error) {
	got, err := a.client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return principal{}, fmt.Errorf("read role %s: %w", name, err)
	}
	p := principal{
		name: name, arn: aws.ToString(got.Role.Arn), id: aws.ToString(got.Role.RoleId),
		maxSession: aws.ToInt32(got.Role.MaxSessionDuration), tags: tagMap(got.Role.Tags),
	}
	if p.trust, err = policy.ParseTrust(plain(got.Role.AssumeRolePolicyDocument)); err != nil {
		return p, fmt.Errorf("read trust policy of role %s: %w", name, err)
	}
	if p.boundary, err = a.boundary(ctx, got.Role.PermissionsBoundary); err != nil {
		return p, err
	}
	inline := iam.NewListRolePoliciesPaginator(a.client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return p, fmt.Errorf("read policies of role %s: %w", name, err)
		}
		for _, inlineName := range page.PolicyNames {
			one, err := a.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &inlineName})
			if err != nil {
				return p, fmt.Errorf("read policy %s of role %s: %w", inlineName, name, err)
			}
			if err := p.add(one.PolicyDocument); err != nil {
				return p, fmt.Errorf("read policy %s of role %s: %w", inlineName, name, err)
			}
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(a.client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return p, fmt.Errorf("read policies of role %s: %w", name, err)
		}
		if err := a.attach(ctx, &p, page.AttachedPolicies); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (a *access) attach(ctx context.Context, p *principal, policies []types.AttachedPolicy) error {
	for _, one := range policies {
		document, err := a.managed(ctx, aws.ToString(one.PolicyArn))
		if err != nil {
			return err
		}
		p.policies = append(p.policies, document)
	}
	return nil
}

func (a *access) boundary(ctx context.Context, b *types.AttachedPermissionsBoundary) (*policy.Document, error) {
	if b == nil || aws.ToString(b.PermissionsBoundaryArn) == "" {
		return nil, nil //nolint:nilnil // no boundary is a valid answer
	}
	document, err := a.managed(ctx, *b.PermissionsBoundaryArn)
	return &document, err
}

// add appends an inline policy.
func (p *principal) add(document *string) error {
	parsed, err := policy.Parse(plain(document))
	if err != nil {
		return err
	}
	p.policies = append(p.policies, parsed)
	return nil
}

func tagMap(tags []types.Tag) map[string]string {
	return maps.Collect(func(yield func(string, string) bool) {
		for tag := range slices.Values(tags) {
			if !yield(aws.ToString(tag.Key), aws.ToString(tag.Value)) {
				return
			}
		}
	})
}
