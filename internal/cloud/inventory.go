package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

// lister lists resources of some types in a client's region.
type lister func(context.Context, clients) ([]aegis.CloudResource, error)

// Inventory reads what the region of an account has of the kinds of things that
// engines don't see when they are added beside what they manage: rules of
// security groups, policies of roles, users and groups, access keys, policies of
// buckets, instances, snapshots that everyone may copy. What belongs to no
// region (IAM) comes with the estate's first. Sorted by Key.
//
// An error names what could not be read; nothing is known then, rather than a
// part.
func (c *Cloud) Inventory(ctx context.Context, region string) ([]aegis.CloudResource, error) {
	readers, err := c.readers(ctx, c.place(region))
	if err != nil {
		return nil, fmt.Errorf("take stock of region %s: %w", region, err)
	}
	listers := map[string]lister{
		"security group rules": listRules, "instances": listInstances, "snapshots": listSharedSnapshots, "bucket policies": listBucketPolicies,
	}
	if region == c.cfg.Regions[0] {
		listers["IAM"] = listIdentities
	}
	var mu sync.Mutex
	var all []aegis.CloudResource
	g, ctx := errgroup.WithContext(ctx)
	for what, list := range listers {
		g.Go(func() error {
			found, err := list(ctx, readers)
			if err != nil {
				return fmt.Errorf("list %s in region %s: %w", what, region, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, found...)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b aegis.CloudResource) int { return strings.Compare(a.Key(), b.Key()) })
	return all, nil
}
