package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

const (
	// eventsInAll are sent within a minute, eventsInOne of them in each body.
	eventsInAll, eventsInOne = 10_000, 10
	// burstInAll are sent at once about one stack, burstInOne in each body.
	burstInAll, burstInOne = 5_000, 250
	// hostileEvery is how many good bodies there are for each bad one.
	hostileEvery = 20
	// burstParameter is what the burst is about, in the stack burstStack.
	burstParameter, burstStack = "/bench/burst", "bench-burst"
)

// Events sends 10,000 events in a minute, with bodies among them that are
// malformed or hostile, and 5,000 at once about one stack, and reports what was
// lost and how often the stack was read. p has no estate.
func Events(ctx context.Context, p *e2e.Process, w io.Writer) error {
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	c := client.New(p.URL, p.Token)
	r := report{title: fmt.Sprintf("Events, %d in a minute and a burst of %d", eventsInAll, burstInAll)}
	if err := sustained(ctx, p, c, pool, &r); err != nil {
		return err
	}
	if err := burst(ctx, p, c, pool, &r); err != nil {
		return err
	}
	return r.write(w)
}

// calls is a body of CloudTrail records with the given ids.
func calls(region, name string, from, n int, parameter func(int) string) json.RawMessage {
	records := make([]map[string]any, n)
	for i := range records {
		records[i] = map[string]any{
			"eventVersion": "1.09", "eventID": name + "-" + strconv.Itoa(from+i), "eventSource": "ssm.amazonaws.com", "eventName": "PutParameter",
			"eventTime": time.Now().UTC().Format(time.RFC3339), "awsRegion": region, "sourceIPAddress": "198.51.100.7", "userAgent": "bench",
			"recipientAccountId": "123456789012", "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
			"userIdentity": map[string]any{
				"type": "IAMUser", "principalId": "AIDABENCH", "arn": "arn:aws:iam::123456789012:user/bench", "accountId": "123456789012",
				"accessKeyId": "AKIABENCH", "userName": "bench",
			},
			"requestParameters": map[string]any{"name": parameter(from + i)},
		}
	}
	text, _ := json.Marshal(map[string]any{"Records": records}) //nolint:errchkjson // plain values
	return text
}

// hostile are bodies that no CloudTrail sends.
func hostile() [][]byte {
	return [][]byte{
		[]byte("{"), []byte("\x00\xff\xfe"), []byte(`{"Records":{}}`), []byte(`{"Records":[1,null,"x",[[]]]}`), []byte(`[]`), []byte(`null`),
		[]byte(strings.Repeat("[", 50_000)), []byte(`{"Records":[` + strings.Repeat(`{"eventID":"x"},`, 10_000) + `{}]}`),
		[]byte(`{"Records":[{"eventID":"` + strings.Repeat("A", 1_000_000) + `"}]}`),
		[]byte(`{"eventID":"y","eventName":"\u0000'; DROP TABLE cloud_events; --","eventSource":"ec2.amazonaws.com","eventTime":"never"}`),
	}
}

func sustained(ctx context.Context, p *e2e.Process, c *client.Client, pool *pgxpool.Pool, r *report) error {
	bad, refused := hostile(), atomic.Int64{}
	bodies := eventsInAll / eventsInOne
	began := time.Now()
	times, err := paced(ctx, bodies, time.Minute/time.Duration(bodies), func(ctx context.Context, i int) error {
		if i%hostileEvery == 0 {
			status, err := postRaw(ctx, p, bad[i/hostileEvery%len(bad)])
			if err != nil || status >= http.StatusInternalServerError {
				return errors.Join(err, fmt.Errorf("a hostile body was answered %d", status))
			}
			refused.Add(1)
		}
		_, err := c.SendEvents(ctx, calls(p.Regions[0], "bench-steady", i*eventsInOne, eventsInOne, func(n int) string { return "/bench/steady/" + strconv.Itoa(n) }))
		return err
	})
	if err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	took := time.Since(began)
	lost, err := missing(ctx, pool, "bench-steady-%", eventsInAll)
	if err != nil {
		return err
	}
	r.add("events lost of 10,000, counted in the database", float64(lost), "", 0.5)
	r.atLeast("events taken in a minute", float64(eventsInAll-lost)/took.Minutes(), "", 9_900)
	r.duration("body of 10 events acknowledged p50", percentile(times, 0.5), 0)
	r.duration("body of 10 events acknowledged p95", percentile(times, 0.95), time.Second)
	r.add("malformed and hostile bodies answered", float64(refused.Load()), "", 0)
	return nil
}

func missing(ctx context.Context, pool *pgxpool.Pool, like string, sent int) (int, error) {
	var kept int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM cloud_events WHERE event_id LIKE $1`, like).Scan(&kept); err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return sent - kept, nil
}

func postRaw(ctx context.Context, p *e2e.Process, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/events", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Body.Close()
}

// burst sends events about one stack all at once, and counts the looks at it.
func burst(ctx context.Context, p *e2e.Process, c *client.Client, pool *pgxpool.Pool, r *report) error {
	if err := watchParameter(ctx, p, c); err != nil {
		return err
	}
	before, err := refreshes(ctx, p)
	if err != nil {
		return err
	}
	began := time.Now()
	_, err = paced(ctx, burstInAll/burstInOne, 0, func(ctx context.Context, i int) error {
		_, err := c.SendEvents(ctx, calls(p.Regions[0], "bench-burst", i*burstInOne, burstInOne, func(int) string { return burstParameter }))
		return err
	})
	if err != nil {
		return fmt.Errorf("send a burst: %w", err)
	}
	took := time.Since(began)
	lost, err := missing(ctx, pool, "bench-burst-%", burstInAll)
	if err != nil {
		return err
	}
	err = e2e.Await(ctx, "the looks because of the burst", func(ctx context.Context) (bool, error) {
		var waiting int
		err := pool.QueryRow(ctx, `SELECT count(*) FROM cloud_event_stacks WHERE stack_id = $1 AND seen_at IS NULL`, burstStack).Scan(&waiting)
		return waiting == 0, err
	})
	if err != nil {
		return err
	}
	after, err := refreshes(ctx, p)
	if err != nil {
		return err
	}
	r.duration("burst of 5,000 taken", took, 0)
	r.add("events of the burst lost", float64(lost), "", 0.5)
	r.add("looks at the stack because of the burst", after-before, "", 5)
	r.duration("burst sent to all of it seen", time.Since(began), 0)
	return nil
}

// watchParameter makes a parameter in the account and has a stack of it adopted,
// by its state alone, so that looks at it are real.
func watchParameter(ctx context.Context, p *e2e.Process, c *client.Client) error {
	region := p.Regions[0]
	account := ssm.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: aws.String(p.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(p.AWSAccessKeyID, p.AWSSecretAccessKey, ""),
	})
	_, err := account.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(burstParameter), Value: aws.String("one"), Type: types.ParameterTypeString,
	})
	if err != nil {
		return fmt.Errorf("make a parameter: %w", err)
	}
	const project = "urn:pulumi:burst::bench::"
	provider := map[string]any{
		"urn": project + "pulumi:providers:aws::default", "custom": true, "id": "1", "type": "pulumi:providers:aws",
		"inputs": map[string]any{"region": region, "version": "6.83.0"}, "outputs": map[string]any{"region": region, "version": "6.83.0"},
	}
	values := map[string]any{"name": burstParameter, "type": "String", "value": "one"}
	outputs := map[string]any{
		"id": burstParameter, "name": burstParameter, "type": "String", "value": "one",
		"arn": "arn:aws:ssm:" + region + ":123456789012:parameter" + burstParameter,
	}
	export, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{"resources": []any{
		provider,
		map[string]any{
			"urn": project + "aws:ssm/parameter:Parameter::burst", "custom": true, "id": burstParameter, "type": "aws:ssm/parameter:Parameter",
			"inputs": values, "outputs": outputs, "provider": project + "pulumi:providers:aws::default::1",
		},
	}}})
	if err != nil {
		return fmt.Errorf("write a state: %w", err)
	}
	_, err = c.AdoptStack(ctx, client.Adoption{
		StackID: burstStack, Kind: aegis.TargetPulumiStack, Environment: "sandbox", Region: region, Source: client.AdoptionSource{State: export},
	})
	if err != nil {
		return fmt.Errorf("adopt a stack: %w", err)
	}
	return e2e.Await(ctx, "the first look", func(ctx context.Context) (bool, error) {
		s, err := c.Stack(ctx, burstStack)
		if err == nil && s.State == aegis.StackUnknown {
			err = fmt.Errorf("look at the stack: %s: %w", s.Error, aegis.ErrUnavailable)
		}
		return s.State == aegis.StackClean || s.State == aegis.StackDrifted, err
	})
}

// refreshes counts the engine's looks so far.
func refreshes(ctx context.Context, p *e2e.Process) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	total := 0.0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "aegis_engine_runs_total{") && strings.Contains(line, `operation="refresh"`) {
			_, value, _ := strings.Cut(line, "} ")
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0, fmt.Errorf("read metrics: %w", err)
			}
			total += n
		}
	}
	return total, nil
}
