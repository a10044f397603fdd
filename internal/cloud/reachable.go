package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/aegisworld/aegis"
)

// reachPatience is how long a region may take to answer.
const reachPatience = 20 * time.Second

// Reachable says whether a region answers at all; the error matches
// aegis.ErrUnavailable. Providers find that out only after minutes.
func (c *Cloud) Reachable(ctx context.Context, region string) error {
	ctx, cancel := context.WithTimeout(ctx, reachPatience)
	defer cancel()
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) { o.Region = region })
	if err != nil {
		return fmt.Errorf("region %s does not answer: %w", region, errors.Join(aegis.ErrUnavailable, err))
	}
	return nil
}
