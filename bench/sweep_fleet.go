package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
)

// fleetResources is what each stack of the fleet has.
const fleetResources = 10

// fleet looks once at many stacks of ten resources. The first stack is applied;
// the others are copies of its state over resources that the SDK makes.
func (s *sweeper) fleet(ctx context.Context, w io.Writer) error {
	runs, err := s.seed(ctx)
	if err != nil {
		return fmt.Errorf("seed the fleet: %w", err)
	}
	memory := sampled(ctx, func() uint64 { return treeMemory(s.others) })
	byEngine := s.byEngine.Load()
	cpu, start := cpuTime(s.others), time.Now()
	group, inGroup := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, run := range runs {
		group.Go(func() error { return s.clean(run)(inGroup) })
	}
	err = group.Wait()
	wall, peak := time.Since(start), memory()
	if err == nil && s.byEngine.Load() != byEngine {
		err = fmt.Errorf("%d clean stacks were not proven clean by reads", s.byEngine.Load()-byEngine)
	}
	if err != nil {
		return fmt.Errorf("sweep the fleet: %w", err)
	}
	r := &report{title: fmt.Sprintf("Sweep of %d clean stacks of %d resources", len(runs), fleetResources)}
	r.add("wall", wall.Seconds(), "s", 4*60*float64(len(runs))/200)
	r.add("CPU", (cpuTime(s.others) - cpu).Seconds(), "s", 0)
	r.add("peak memory of this process and its providers", float64(peak)/(1<<20), "MiB", 0)
	return r.write(w)
}

// seed makes the fleet.
func (s *sweeper) seed(ctx context.Context) ([]aegis.StackRun, error) {
	const first = "s0000"
	run, err := s.applied(ctx, sweepSpec{Prefix: first, Topics: fleetResources / 2, Groups: fleetResources / 2})
	if err != nil {
		return nil, err
	}
	snap, err := s.engines.Snapshot(ctx, run)
	if err != nil {
		return nil, err
	}
	keys, err := s.Engine.Credentials(ctx, run)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{
		Region: s.Region, BaseEndpoint: aws.String(s.Engine.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
	topics, groups := sns.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	runs := []aegis.StackRun{run}
	for i := 1; i < s.Stacks; i++ {
		name := fmt.Sprintf("s%04d", i)
		for j := range fleetResources / 2 {
			if _, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(fmt.Sprintf("%s-topic-%d", name, j))}); err != nil {
				return nil, err
			}
			group := aws.String(fmt.Sprintf("%s-group-%d", name, j))
			if _, err := groups.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
				return nil, err
			}
			if _, err := groups.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
				LogGroupName: group, RetentionInDays: aws.Int32(7),
			}); err != nil {
				return nil, err
			}
		}
		copied := run
		copied.Stack.StackID, copied.Stack.Layer = "bench."+name+"."+s.Region, name
		if err := s.engines.Restore(ctx, copied, engine.Snapshot{
			StackID: copied.Stack.StackID, TakenAt: snap.TakenAt, Data: bytes.ReplaceAll(snap.Data, []byte(first), []byte(name)),
		}); err != nil {
			return nil, err
		}
		runs = append(runs, copied)
	}
	return runs, nil
}
