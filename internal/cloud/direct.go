package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// Direct takes away resources that no stack manages, by calls of their AWS
// APIs: it is the engine of change sets whose target is aws_resource. A run
// names them as its Removals; what of them is there no more, is no part of a
// plan.
type Direct struct{ cloud *Cloud }

// Direct returns the engine of change sets whose target is aws_resource.
func (c *Cloud) Direct() *Direct { return &Direct{c} }

// remover knows how to look at a resource of a type, and how to remove it.
type remover struct {
	// read returns the attributes as AWS has them; an error for which notThere
	// holds when the resource is gone.
	read func(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error)
	// remove is done as often as needed: that it is gone is no error.
	remove func(ctx context.Context, c clients, r aegis.CloudResource) error
}

// removers are the types that can be taken away.
func removers() map[string]remover {
	return map[string]remover{
		"aws_iam_group_policy":                  inlinePolicies("group"),
		"aws_iam_group_policy_attachment":       attachments("group"),
		"aws_iam_role_policy":                   inlinePolicies("role"),
		"aws_iam_role_policy_attachment":        attachments("role"),
		"aws_iam_user_policy":                   inlinePolicies("user"),
		"aws_iam_user_policy_attachment":        attachments("user"),
		"aws_iam_access_key":                    {readAccessKey, deleteAccessKey},
		"aws_instance":                          {readInstance, terminateInstance},
		"aws_s3_bucket_policy":                  {readBucketPolicy, deleteBucketPolicy},
		"aws_snapshot_create_volume_permission": {readSnapshotSharing, unshareSnapshot},
		"aws_vpc_security_group_egress_rule":    {readRule, revokeRule},
		"aws_vpc_security_group_ingress_rule":   {readRule, revokeRule},
	}
}

// Preview plans the deletion of what is still there. A type without a way to
// remove it is an error that matches aegis.ErrInvalid.
func (d *Direct) Preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	plan := aegis.Plan{StackID: run.Stack.StackID, Changes: []aegis.ResourceChange{}, ResourceCount: run.Stack.ResourceCount}
	readers, err := d.cloud.readers(ctx, run.Stack)
	if err != nil {
		return plan, fmt.Errorf("look at resources of stack %s: %w", run.Stack.StackID, err)
	}
	for _, r := range run.Removals {
		known, ok := removers()[r.Type]
		if !ok {
			return plan, aegis.Invalid("removals", fmt.Sprintf("there is no way to remove a resource of type %s", r.Type))
		}
		before, err := known.read(ctx, readers, r)
		if notThere(err) {
			continue
		}
		if err != nil {
			return plan, fmt.Errorf("look at %s: %w", r.Address(), errors.Join(aegis.ErrProvider, err))
		}
		plan.Changes = append(plan.Changes, aegis.ResourceChange{
			StackID: run.Stack.StackID, Address: r.Address(), Type: r.Type, Region: r.Region, Action: aegis.ActionDelete,
			Before: before, Unknown: []string{}, Sensitive: []string{},
		})
	}
	slices.SortFunc(plan.Changes, func(a, b aegis.ResourceChange) int { return strings.Compare(a.Address, b.Address) })
	plan.Digest, err = digestOf(plan.Changes)
	return plan, err
}

// digestOf binds what is judged to what is removed.
func digestOf(changes []aegis.ResourceChange) (string, error) {
	text, err := json.Marshal(changes)
	if err != nil {
		return "", fmt.Errorf("encode a plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Refresh reports as drift what is still there.
func (d *Direct) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	plan, err := d.Preview(ctx, run)
	return aegis.Observation{
		StackID: run.Stack.StackID, Drift: plan.Changes, ResourceCount: run.Stack.ResourceCount, ObservedAt: d.cloud.cfg.Now(),
	}, err
}

// Apply removes exactly what the plan of that digest says; else it returns
// aegis.ErrDigestMismatch and nothing was removed.
func (d *Direct) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	result := aegis.ApplyResult{StackID: run.Stack.StackID, ResourceCount: run.Stack.ResourceCount}
	plan, err := d.Preview(ctx, run)
	if err != nil {
		return result, err
	}
	if plan.Digest != digest {
		return result, fmt.Errorf("remove resources within stack %s: %w", run.Stack.StackID, aegis.ErrDigestMismatch)
	}
	writers, err := d.cloud.clientsOf(ctx, run)
	if err != nil {
		return result, fmt.Errorf("remove resources within stack %s: %w", run.Stack.StackID, err)
	}
	for _, change := range plan.Changes {
		i := slices.IndexFunc(run.Removals, func(r aegis.CloudResource) bool { return r.Address() == change.Address })
		if err := removers()[change.Type].remove(ctx, writers, run.Removals[i]); err != nil && !notThere(err) {
			return result, fmt.Errorf("remove %s: %w", change.Address, errors.Join(aegis.ErrProvider, err))
		}
	}
	return result, nil
}

// Repair has nothing to heal: there is no state beside AWS's.
func (d *Direct) Repair(context.Context, aegis.StackRun) ([]string, error) { return nil, nil }
