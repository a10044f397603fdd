package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/artifacts"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/eventstream"
	"github.com/aegisworld/aegis/internal/hotstate"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/searchindex"
)

// StoresConfig is where the control plane keeps what need not be in the control
// database. All of it is optional: without it Postgres and the disk serve.
type StoresConfig struct {
	Artifacts ArtifactsConfig `yaml:"artifacts"`
	Events    StreamConfig    `yaml:"events"`
	Hot       HotConfig       `yaml:"hot"`
	Telemetry IndexConfig     `yaml:"telemetry"`
}

// defaultRetentionDays is how long an index keeps telemetry.
const defaultRetentionDays = 30

// IndexConfig is where telemetry can be searched: events, and the traces and
// decisions of change sets.
type IndexConfig struct {
	// OpenSearchURL is https://HOST of an OpenSearch, http:// on this machine only; ""
	// indexes nothing.
	OpenSearchURL string `yaml:"opensearch_url"`
	// Region is where requests are signed for; "" takes it from the name of a domain
	// of Amazon OpenSearch Service.
	Region string `yaml:"region"`
	// RetentionDays is how many days are kept; 0 is 30.
	RetentionDays int `yaml:"retention_days"`
}

func (c IndexConfig) check(bad func(format string, args ...any)) {
	if c.OpenSearchURL == "" {
		if c != (IndexConfig{}) {
			bad("stores.telemetry.opensearch_url: missing, although there is more of stores.telemetry")
		}
		return
	}
	if err := searchindex.Check(c.OpenSearchURL); err != nil {
		bad("stores.telemetry.opensearch_url: %w", err)
		return
	}
	if region := c.region(); !regionPattern.MatchString(region) {
		bad("stores.telemetry.region: %q is no AWS region, and requests are signed for one", region)
	}
	if c.RetentionDays < 0 || c.RetentionDays > 3650 {
		bad("stores.telemetry.retention_days: %d is not between 1 and 3650", c.RetentionDays)
	}
}

func (c IndexConfig) region() string {
	if c.Region != "" {
		return c.Region
	}
	return searchindex.Region(c.OpenSearchURL)
}

// open prepares the index.
func (c IndexConfig) open(p *control) (*searchindex.Index, error) {
	signer, err := p.account.SearchSigner(c.region())
	if err != nil {
		return nil, fmt.Errorf("stores.telemetry: %w", err)
	}
	index, err := searchindex.Open(searchindex.Options{
		URL: c.OpenSearchURL, Signer: signer, Environment: p.config.Environment, RetentionDays: cmp.Or(c.RetentionDays, defaultRetentionDays),
		History: p.db, Logger: p.log, Now: time.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("stores.telemetry.opensearch_url: %w", err)
	}
	return index, nil
}

// ArtifactsConfig is the place of uploaded workspaces, state snapshots and the
// records of change sets that ended.
type ArtifactsConfig struct {
	// URL is s3://BUCKET/PREFIX?region=REGION or file:///DIR, which all processes
	// must share; "" is the control database, and keeps no records beside it.
	URL string `yaml:"url"`
}

// StreamConfig is where events are passed on to.
type StreamConfig struct {
	// KinesisARN is the ARN of a Kinesis stream; "" passes none on.
	KinesisARN string `yaml:"kinesis_arn"`
}

// HotConfig is the place of what is asked for at every request and is worth
// nothing after a day: idempotency keys and the answers to their requests, and what
// models answered for goals that are under way.
type HotConfig struct {
	// RedisURL is rediss://USER@HOST:PORT/DB, redis:// on this machine only; "" is
	// the control database.
	RedisURL string `yaml:"redis_url"`
	// PasswordFile holds its password.
	PasswordFile string `yaml:"password_file"`
	// Cluster says that RedisURL is the configuration endpoint of a Redis in cluster
	// mode.
	Cluster bool `yaml:"cluster"`
}

func (c HotConfig) check(bad func(format string, args ...any)) {
	if c.RedisURL == "" {
		if c != (HotConfig{}) {
			bad("stores.hot.redis_url: missing, although there is more of stores.hot")
		}
		return
	}
	if err := hotstate.Check(c.RedisURL); err != nil {
		bad("stores.hot.redis_url: %w", err)
	}
}

// hotStore remembers idempotency keys and what models answered.
type hotStore interface {
	model.Answers

	BeginRequest(ctx context.Context, principal, key string, request [32]byte) (*aegis.StoredResponse, time.Time, error)
	FinishRequest(ctx context.Context, principal, key string, status int, header map[string]string, body []byte) error
}

// open returns the store, the control database when no other is configured, and
// what closes it.
func (c HotConfig) open(ctx context.Context, environment string, db *postgres.DB) (hotStore, func(), error) {
	if c.RedisURL == "" {
		return db, func() {}, nil
	}
	r, err := hotstate.Open(hotstate.Options{URL: c.RedisURL, PasswordFile: c.PasswordFile, Cluster: c.Cluster, Prefix: "aegis:" + environment + ":"})
	if err != nil {
		return nil, nil, fmt.Errorf("stores.hot.redis_url: %w", err)
	}
	if err := r.Ping(ctx); err != nil {
		_ = r.Close()
		return nil, nil, fmt.Errorf("stores.hot: %w", err)
	}
	return r, func() { _ = r.Close() }, nil
}

func (c StoresConfig) check(accountID string, bad func(format string, args ...any)) {
	if c.Artifacts.URL != "" {
		if err := c.Artifacts.check(); err != nil {
			bad("stores.artifacts.url: %w", err)
		}
	}
	c.Hot.check(bad)
	c.Telemetry.check(bad)
	if c.Events.KinesisARN != "" {
		if err := cloud.CheckStream(c.Events.KinesisARN, accountID); err != nil {
			bad("stores.events.kinesis_arn: %w", err)
		}
	}
}

func (c ArtifactsConfig) check() error {
	u, err := url.Parse(c.URL)
	if err != nil {
		return errors.New("not a URL; give s3://BUCKET/PREFIX?region=REGION or file:///DIR")
	}
	switch u.Scheme {
	case "s3":
		_, _, _, err := cloud.ParseBucket(c.URL)
		return err
	case "file":
		if u.Host != "" || !filepath.IsAbs(u.Path) || u.Path == "/" || u.RawQuery != "" {
			return errors.New("give a folder as file:///DIR, an absolute path")
		}
		return nil
	default:
		return fmt.Errorf("%q is neither s3 nor file; give s3://BUCKET/PREFIX?region=REGION or file:///DIR", u.Scheme)
	}
}

// objectStore is a place of artifacts.
type objectStore interface {
	Read(ctx context.Context, key string) ([]byte, error)
	Write(ctx context.Context, key string, data []byte) error
	List(ctx context.Context, prefix string) ([]string, error)
	Remove(ctx context.Context, key string) error
}

// open returns nil when no place is configured.
func (c ArtifactsConfig) open(account *cloud.Cloud) (objectStore, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("stores.artifacts.url: not a URL")
	case c.URL == "":
		return nil, nil //nolint:nilnil // none is configured
	case u.Scheme == "s3":
		bucket, err := account.Bucket(c.URL)
		if err != nil {
			return nil, fmt.Errorf("stores.artifacts.url: %w", err)
		}
		return bucket, nil
	default:
		folder, err := artifacts.OpenFolder(u.Path)
		if err != nil {
			return nil, fmt.Errorf("stores.artifacts.url: %w", err)
		}
		return folder, nil
	}
}

// engineStores are where engines keep archives and snapshots; nil without db.
func engineStores(c Config, account *cloud.Cloud, db *postgres.DB) (engine.ArchiveStore, engine.SnapshotStore, error) {
	if db == nil {
		return nil, nil, nil
	}
	objects, err := c.Stores.Artifacts.open(account)
	if err != nil || objects == nil {
		return db, db, err
	}
	return artifacts.Archives{Objects: objects, Before: db}, artifacts.Snapshots{Objects: objects, Before: db}, nil
}

// eventSink takes events.
type eventSink interface {
	Name() string
	Send(ctx context.Context, events []aegis.Event) error
}

// eventSinks are those that the configuration names, and what closes them.
func (p *control) eventSinks() (sinks []eventSink, closeSinks func(), err error) {
	closeSinks = func() {}
	c := p.config.Stores
	objects, err := c.Artifacts.open(p.account)
	if err != nil {
		return nil, closeSinks, err
	}
	if objects != nil {
		sinks = append(sinks, artifacts.Records{Objects: objects, History: p.db})
	}
	if c.Events.KinesisARN != "" {
		stream, err := p.account.EventStream(c.Events.KinesisARN)
		if err != nil {
			return nil, closeSinks, fmt.Errorf("stores.events.kinesis_arn: %w", err)
		}
		sinks = append(sinks, stream)
	}
	if c.Telemetry.OpenSearchURL != "" {
		index, err := c.Telemetry.open(p)
		if err != nil {
			return nil, closeSinks, err
		}
		sinks, closeSinks = append(sinks, index), func() { _ = index.Close() }
	}
	return sinks, closeSinks, nil
}

// streamEvents passes events on until ctx ends.
func (p *control) streamEvents(ctx context.Context) error {
	sinks, closeSinks, err := p.eventSinks()
	if err != nil {
		return err
	}
	defer closeSinks()
	group, ctx := errgroup.WithContext(ctx)
	for _, sink := range sinks {
		streamer := &eventstream.Streamer{Store: p.db, Sink: sink, Metrics: p.metrics, Logger: p.log}
		group.Go(func() error { return streamer.Run(ctx) })
	}
	return group.Wait()
}
