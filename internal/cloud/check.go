package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
)

const (
	checksAtOnce = 8
	checkTimeout = 30 * time.Second
)

// Check judges checks, eight at a time, each within 30 seconds; the results
// are in the order of the checks. A check that can't be judged has failed, and
// its message says why.
func (c *Cloud) Check(ctx context.Context, checks []aegis.Check) []aegis.CheckResult {
	results := make([]aegis.CheckResult, len(checks))
	var group errgroup.Group
	group.SetLimit(checksAtOnce)
	for i, check := range checks {
		group.Go(func() error {
			results[i] = c.judge(ctx, check)
			return nil
		})
	}
	_ = group.Wait() // never an error
	return results
}

func (c *Cloud) judge(ctx context.Context, check aegis.Check) aegis.CheckResult {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var message string
	var err error
	switch check.Kind {
	case aegis.CheckHTTP:
		message, err = c.probe.get(ctx, check.URL)
	case aegis.CheckAWSHealth:
		message, err = c.health(ctx, check)
	case aegis.CheckMetric:
		message, err = c.metric(ctx, check)
	case aegis.CheckPolicy:
		err = fmt.Errorf("kind %q is about policy, not about AWS", check.Kind)
	default:
		err = fmt.Errorf("kind %q is unknown", check.Kind)
	}
	if err != nil {
		message = err.Error()
	}
	return aegis.CheckResult{Name: check.Name, Kind: check.Kind, Passed: err == nil, Message: message}
}

// health compares what AWS says of a resource with what the check expects.
func (c *Cloud) health(ctx context.Context, check aegis.Check) (string, error) {
	describe, ok := describers()[check.ResourceType]
	if !ok {
		return "", fmt.Errorf("no way to tell the health of %q: %w", check.ResourceType, aegis.ErrNotImplemented)
	}
	readers, err := c.readers(ctx, c.place(check.Region))
	if err != nil {
		return "", err
	}
	attributes, err := describe(ctx, readers, check.ResourceID)
	if notThere(err) {
		return "", fmt.Errorf("%s %s does not exist", check.ResourceType, check.ResourceID)
	}
	if err != nil {
		return "", fmt.Errorf("describe %s %s: %w", check.ResourceType, check.ResourceID, err)
	}
	return compare(check.Expect, attributes)
}

// compare says in words which expectations do not hold.
func compare(expected, attributes map[string]string) (string, error) {
	var wrong, right []string
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		actual, known := attributes[name]
		switch {
		case !known:
			wrong = append(wrong, fmt.Sprintf("%s is not known", name))
		case actual != expected[name]:
			wrong = append(wrong, fmt.Sprintf("%s is %q, expected %q", name, actual, expected[name]))
		default:
			right = append(right, name+" is "+actual)
		}
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	if len(right) == 0 {
		return "it exists", nil
	}
	return strings.Join(right, "; "), nil
}
