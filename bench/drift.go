package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// meddled is one change behind the autopilot's back.
type meddled struct {
	// detect is the time from the event's arrival to the report, correct the one
	// to the end of the correction without engine and soak, delivery the time
	// from the call's answer to the event's arrival.
	delivery, detect, correct time.Duration
}

// Drift opens n ports, one after the other, with the keys of somebody else, and
// reports how soon each is reported and closed. Delivery by the sandbox's queues
// is apart: in AWS it is EventBridge's.
func Drift(ctx context.Context, p *e2e.Process, n int, w io.Writer) error {
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	region := p.Regions[1]
	meddler := ec2.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: aws.String(p.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(p.AWSAccessKeyID, p.AWSSecretAccessKey, ""),
	})
	groups, err := meddler.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{{Name: aws.String("tag:aegis:layer"), Values: []string{aegis.LayerNetwork}}},
	})
	if err != nil {
		return fmt.Errorf("list security groups: %w", err)
	}
	i := slices.IndexFunc(groups.SecurityGroups, func(g types.SecurityGroup) bool { return aws.ToString(g.GroupName) != "default" })
	if i < 0 {
		return fmt.Errorf("the estate has no security group in %s: %w", region, aegis.ErrNotFound)
	}
	c := client.New(p.URL, p.Token)
	var all []meddled
	for port := range n {
		m, err := meddle(ctx, c, pool, meddler, aws.ToString(groups.SecurityGroups[i].GroupId), int32(8000+port))
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	of := func(pick func(meddled) time.Duration) []time.Duration {
		out := make([]time.Duration, len(all))
		for i, m := range all {
			out[i] = pick(m)
		}
		return out
	}
	detect, correct := of(func(m meddled) time.Duration { return m.detect }), of(func(m meddled) time.Duration { return m.correct })
	r := report{title: fmt.Sprintf("Drift by events, %d ports opened", n)}
	r.duration("call to event received p95", percentile(of(func(m meddled) time.Duration { return m.delivery }), 0.95), 0)
	r.duration("event received to report p50", percentile(detect, 0.5), 0)
	r.duration("event received to report p95", percentile(detect, 0.95), time.Second)
	r.duration("event received to corrected, without engine and soak, p50", percentile(correct, 0.5), 0)
	r.duration("event received to corrected, without engine and soak, p95", percentile(correct, 0.95), 3*time.Second)
	return r.write(w)
}

func meddle(ctx context.Context, c *client.Client, pool *pgxpool.Pool, meddler *ec2.Client, group string, port int32) (m meddled, err error) {
	opened, err := meddler.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String(group), IpPermissions: []types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), IpRanges: []types.IpRange{{CidrIp: aws.String("198.51.100.0/24")}},
		}},
	})
	if err != nil {
		return m, fmt.Errorf("open port %d: %w", port, err)
	}
	called, rule := time.Now(), aws.ToString(opened.SecurityGroupRules[0].SecurityGroupRuleId)
	var report aegis.DriftReport
	err = e2e.Await(ctx, "the correction", func(ctx context.Context) (bool, error) {
		reports, err := c.DriftReports(ctx, aegis.DriftFilter{Kind: aegis.DriftUnmanaged, State: aegis.DriftCorrected}, aegis.Page{})
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(reports.Items, func(r aegis.DriftReport) bool { return r.Changes[0].ResourceID == rule && r.ChangeSetID != "" })
		if i >= 0 {
			report = reports.Items[i]
		}
		return i >= 0, nil
	})
	if err != nil {
		return m, err
	}
	var received time.Time
	if err := pool.QueryRow(ctx, `SELECT received_at FROM cloud_events WHERE event_id = $1`, report.Cause.EventID).Scan(&received); err != nil {
		return m, fmt.Errorf("read the event of port %d: %w", port, err)
	}
	cs, err := c.ChangeSet(ctx, report.ChangeSetID)
	if err != nil {
		return m, fmt.Errorf("read change set: %w", err)
	}
	task, err := c.Trace(ctx, cs.TraceID)
	if err != nil {
		return m, fmt.Errorf("read trace: %w", err)
	}
	m = meddled{delivery: received.Sub(called), detect: report.DetectedAt.Sub(received), correct: report.ResolvedAt.Sub(received)}
	for _, step := range task.Steps {
		m.correct -= time.Duration(step.EngineMS+step.WaitMS) * time.Millisecond
	}
	return m, nil
}
