// Package cloud is the adapter to AWS: short-lived credentials narrowed to one
// run, resources looked up after a crash, and the checks that stacks declare.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/aegisworld/aegis"
)

// Config says which account is used and as whom.
type Config struct {
	// Endpoint replaces all of AWS's endpoints; only a sandbox has one.
	Endpoint string
	// Regions are the estate's, the primary first; at least one.
	Regions []string
	// Environment names the executor for checks, which belong to no stack;
	// without it they use the bootstrap role.
	Environment string
	// AccountID is the account that may be used. It may be empty only with an
	// Endpoint.
	AccountID string
	// BaseAccessKeyID and BaseSecretAccessKey are the base identity, which
	// assumes roles and makes the managed policies of their sessions; empty
	// takes the default chain of the AWS SDK.
	BaseAccessKeyID     string
	BaseSecretAccessKey string
	// ExecutorRoleARN is the role of every run. {account}, {environment} and
	// {region} stand for the run's; empty is DefaultExecutorRole.
	ExecutorRoleARN string
	// BootstrapRoleARN is the role of runs for which there is no executor yet,
	// and of layer security, which makes the executor; empty is
	// DefaultBootstrapRole. A sandbox makes that role when it is missing.
	BootstrapRoleARN string
	// AdoptedRoleARN is the role of runs on adopted stacks, whose services the
	// executor may not know; empty is the executor.
	AdoptedRoleARN string
	// ProbePrivate lets HTTP checks reach private and loopback addresses; with
	// an Endpoint they always may.
	ProbePrivate bool
	// RecordKey notes each access key before it is used, so that the calls made
	// with it can be told from those of others; nil notes none.
	RecordKey func(context.Context, aegis.IssuedKey) error
	// Pacer holds back what sessions read; nil holds nothing back.
	Pacer Pacer
	// Logger gets a line when a session is made; nil discards.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// The roles that are used unless others are configured. The security layer
// makes the executor, an administrator the bootstrap role.
const (
	DefaultExecutorRole  = "arn:aws:iam::{account}:role/aegis-{environment}-{region}-executor"
	DefaultBootstrapRole = "arn:aws:iam::{account}:role/aegis-bootstrap"
)

// Cloud is one AWS account. Its methods may be called concurrently.
type Cloud struct {
	cfg      Config
	base     aws.Config
	sts      *sts.Client
	sessions *sessionCache
	probe    prober

	// bootstrap is held while the bootstrap role is made.
	bootstrap sync.Mutex

	mu      sync.Mutex
	account string
	// absent says until when a role counts as not there.
	absent map[string]time.Time
	// nextTidy is when managed session policies are looked through again.
	nextTidy time.Time
}

// New prepares the use of an account; it makes no call. It returns an
// InvalidError when the configuration lacks something.
func New(ctx context.Context, cfg Config) (*Cloud, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, err
	}
	options := []func(*config.LoadOptions) error{
		config.WithRegion(cfg.Regions[0]),
		config.WithRetryMaxAttempts(4),
	}
	if cfg.BaseAccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.BaseAccessKeyID, cfg.BaseSecretAccessKey, "")))
	}
	if cfg.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(cfg.Endpoint))
	}
	base, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return &Cloud{
		cfg: cfg, base: base, sts: sts.NewFromConfig(base), absent: map[string]time.Time{},
		sessions: newSessionCache(cfg.Now), probe: newProber(cfg.ProbePrivate || cfg.Endpoint != ""),
	}, nil
}

func (c Config) prepared() (Config, error) {
	faults := &aegis.InvalidError{}
	if len(c.Regions) == 0 {
		faults.Add("regions", "name at least one region")
	}
	if c.AccountID == "" && c.Endpoint == "" {
		faults.Add("aws.account_id", "is required for a real account")
	}
	if (c.BaseAccessKeyID == "") != (c.BaseSecretAccessKey == "") {
		faults.Add("aws", "an access key has an id and a secret")
	}
	if c.ExecutorRoleARN == "" {
		c.ExecutorRoleARN = DefaultExecutorRole
	}
	if c.BootstrapRoleARN == "" {
		c.BootstrapRoleARN = DefaultBootstrapRole
	}
	if c.RecordKey == nil {
		c.RecordKey = func(context.Context, aegis.IssuedKey) error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, faults.OrNil()
}

// AccountID asks AWS which account the base identity belongs to. When it is
// not the configured one, the error matches aegis.ErrForbidden.
func (c *Cloud) AccountID(ctx context.Context) (string, error) {
	c.mu.Lock()
	known := c.account
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	caller, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("ask for the caller's identity: %w", errors.Join(aegis.ErrUnavailable, err))
	}
	id := aws.ToString(caller.Account)
	if c.cfg.AccountID != "" && id != c.cfg.AccountID {
		return "", fmt.Errorf("account %s is not the configured account %s: %w", id, c.cfg.AccountID, aegis.ErrForbidden)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account = id
	return id, nil
}
