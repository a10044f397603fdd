package app

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis/internal/egress"
)

// Config is everything that `aegis serve` can be told: defaults, then a YAML
// file, then AEGIS_* variables of the environment.
type Config struct {
	// Addr is where the API listens, host:port.
	Addr        string `yaml:"addr"`
	Environment string `yaml:"environment"`
	// Regions are the estate's regions, the primary first; three or more.
	Regions   []string        `yaml:"regions"`
	Estate    EstateConfig    `yaml:"estate"`
	Database  DatabaseConfig  `yaml:"database"`
	AWS       AWSConfig       `yaml:"aws"`
	Pulumi    PulumiConfig    `yaml:"pulumi"`
	Policy    PolicyConfig    `yaml:"policy"`
	Budget    BudgetConfig    `yaml:"budget"`
	API       APIConfig       `yaml:"api"`
	Telemetry TelemetryConfig `yaml:"telemetry"`
	Engine    EngineConfig    `yaml:"engine"`
	Reads     ReadsConfig     `yaml:"reads"`
	Egress    EgressConfig    `yaml:"egress"`
	Events    EventsConfig    `yaml:"events"`
	Terraform TerraformConfig `yaml:"terraform"`
	Stores    StoresConfig    `yaml:"stores"`
	Models    ModelsConfig    `yaml:"models"`
	Tools     ToolsConfig     `yaml:"tools"`
	// WorkDir holds scratch folders of the engines.
	WorkDir string `yaml:"work_dir"`
	// ReconcileInterval is how often each stack is compared with reality.
	ReconcileInterval time.Duration `yaml:"reconcile_interval"`

	// sandboxDir is the data folder of a sandbox; "" elsewhere.
	sandboxDir string
	// file is where the configuration was read from; "" is nowhere.
	file string
}

// noEstate is the size of none.
const noEstate = "none"

// EstateConfig says which stacks are managed.
type EstateConfig struct {
	// Size is one of stacks.Sizes, or "none".
	Size string `yaml:"size"`
	// Converge proposes stacks that do not exist yet; without it they wait for
	// `aegis bootstrap`.
	Converge bool `yaml:"converge"`
	// Layers and Stacks change parameters of the size's defaults, of all stacks of
	// a layer or of a single stack by its id, as RFC 7396 merge patches. They
	// count when a stack is made: later changes go through the door.
	Layers map[string]any `yaml:"layers"`
	Stacks map[string]any `yaml:"stacks"`
}

// DatabaseConfig is the control database.
type DatabaseConfig struct {
	// URL is a postgres:// URL without a password.
	URL string `yaml:"url"`
	// PasswordFile holds a line in the format of .pgpass, mode 0600.
	PasswordFile string `yaml:"password_file"`
}

// AWSConfig is the account.
type AWSConfig struct {
	// AccountID is the account that may be touched; compared with
	// GetCallerIdentity before anything else.
	AccountID string `yaml:"account_id"`
	// Endpoint replaces all of AWS's endpoints; only the sandbox sets it.
	Endpoint string `yaml:"endpoint"`
	// ExecutorRoleARN is the role that engine runs assume.
	ExecutorRoleARN string `yaml:"executor_role_arn"`
	// BootstrapRoleARN is the role for what is made before there is an executor;
	// an administrator makes it, once.
	BootstrapRoleARN string `yaml:"bootstrap_role_arn"`
	// AdoptedRoleARN is the role of runs on adopted stacks; empty is the executor.
	AdoptedRoleARN string `yaml:"adopted_role_arn"`

	accessKeyID, secretAccessKey string
}

// PulumiConfig is where stack state lives and what encrypts its secrets.
type PulumiConfig struct {
	// BackendURL is postgres://, s3:// or file://; empty is the control
	// database.
	BackendURL string `yaml:"backend_url"`
	// SecretsProvider is "passphrase" or "awskms://…".
	SecretsProvider string `yaml:"secrets_provider"`
	// PassphraseFile is for "passphrase", mode 0600.
	PassphraseFile string `yaml:"passphrase_file"`
	// BootstrapURL is a file:// or s3:// backend for the time before the
	// control database exists; `aegis bootstrap` moves its stacks from there.
	BootstrapURL string `yaml:"bootstrap_url"`
}

// BudgetConfig limits money.
type BudgetConfig struct {
	// EstateUSDMonth is the most that all promoted changes may add, in US
	// dollars a month.
	EstateUSDMonth float64 `yaml:"estate_usd_month"`
}

// APIConfig is for the HTTP server.
type APIConfig struct {
	// AllowedHosts are the Host headers that the page accepts beside Addr's.
	AllowedHosts []string `yaml:"allowed_hosts"`
	// AdminTokenFile holds the first admin's token, aegis_ and 32 characters or more in all, for when
	// there is no token yet; "" makes one in a file of WorkDir.
	AdminTokenFile string `yaml:"admin_token_file"`
}

// EgressConfig is for what is sent to addresses that users name, such as
// webhooks.
type EgressConfig struct {
	// Allow names what may be reached beside public addresses: networks
	// (10.1.0.0/16), addresses and hosts (hooks.corp.example, *.corp.example).
	Allow []string `yaml:"allow"`
}

// guard decides where webhooks may lead.
func (c EgressConfig) guard() (*egress.Guard, error) {
	return egress.New(egress.Options{Allow: c.Allow})
}

// TelemetryConfig says where traces go.
type TelemetryConfig struct {
	// OTLPEndpoint is an OTLP/HTTP URL; empty exports nothing.
	OTLPEndpoint string `yaml:"otlp_endpoint"`
}

// EngineConfig bounds engine runs.
type EngineConfig struct {
	// MaxConcurrent is the most engine runs at once; 0 chooses by cores and
	// memory.
	MaxConcurrent int `yaml:"max_concurrent"`
	// ReadTimeout bounds a plan and a refresh of one stack.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// CancelGrace is how long a cancelled engine may take to stop by itself.
	CancelGrace time.Duration `yaml:"cancel_grace"`
}

// DefaultConfig is a configuration that only lacks its services.
func DefaultConfig() Config {
	return Config{
		Addr:              "127.0.0.1:8080",
		Environment:       "prod",
		Regions:           []string{"us-east-1", "eu-west-1", "ap-southeast-1"},
		Estate:            EstateConfig{Size: "small"},
		Pulumi:            PulumiConfig{SecretsProvider: "passphrase"},
		Policy:            PolicyConfig{Timeout: 2 * time.Second, Decisions: DecisionsConfig{Retention: defaultRetention}},
		Budget:            BudgetConfig{EstateUSDMonth: 5000},
		Engine:            EngineConfig{ReadTimeout: 10 * time.Minute, CancelGrace: time.Minute},
		Reads:             defaultReads(),
		Models:            defaultModels(),
		Tools:             defaultTools(),
		WorkDir:           "aegis-work",
		ReconcileInterval: 20 * time.Minute,
	}
}

// LoadConfig reads the file, if one is named, over the defaults and then the
// environment through getenv. Unknown keys are refused; values are checked by
// Validate.
func LoadConfig(file string, getenv func(string) string) (Config, error) {
	c := DefaultConfig()
	c.file = file
	if file != "" {
		b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return c, fmt.Errorf("read configuration: %w", err)
		}
		dec := yaml.NewDecoder(bytes.NewReader(b))
		dec.KnownFields(true)
		if err := dec.Decode(&c); err != nil {
			return c, fmt.Errorf("parse configuration %s: %w", file, err)
		}
	}
	return c, c.override(getenv)
}

func (c *Config) override(getenv func(string) string) error {
	for name, field := range map[string]*string{
		"AEGIS_ADDR":              &c.Addr,
		"AEGIS_DATABASE_URL":      &c.Database.URL,
		"AEGIS_AWS_ACCOUNT_ID":    &c.AWS.AccountID,
		"AEGIS_AWS_ENDPOINT":      &c.AWS.Endpoint,
		"AEGIS_PULUMI_BACKEND":    &c.Pulumi.BackendURL,
		"AEGIS_POLICY_BUNDLE_DIR": &c.Policy.BundleDir,
		"AEGIS_OTLP_ENDPOINT":     &c.Telemetry.OTLPEndpoint,
		"AEGIS_WORK_DIR":          &c.WorkDir,
	} {
		if v := getenv(name); v != "" {
			*field = v
		}
	}
	if v := getenv("AEGIS_BUDGET_USD_MONTH"); v != "" {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return fmt.Errorf("AEGIS_BUDGET_USD_MONTH: %q is not a number", v)
		}
		c.Budget.EstateUSDMonth = f
	}
	return nil
}

// stateInDatabase says that Pulumi's state is in the control database.
func (c Config) stateInDatabase() bool { return c.Pulumi.BackendURL == "" }

// stateInAWS says that Pulumi's own process needs AWS, for its state or the
// secrets in it.
func (c Config) stateInAWS() bool {
	return strings.HasPrefix(c.Pulumi.BackendURL, "s3://") || strings.HasPrefix(c.Pulumi.SecretsProvider, "awskms://")
}

// needsDatabase is false while an estate is bootstrapped into another backend.
func (c Config) needsDatabase() bool { return c.Pulumi.BootstrapURL == "" || c.Database.URL != "" }

// backendURL is Pulumi's backend URL, without a password.
func (c Config) backendURL() (string, error) {
	if !c.stateInDatabase() {
		return c.Pulumi.BackendURL, nil
	}
	u, err := url.Parse(c.Database.URL)
	if err != nil {
		return "", errors.New("database.url: not a URL") // the cause would show it, password and all
	}
	u.User = url.User(u.User.Username())
	q := u.Query()
	q.Set("table", "pulumi_state")
	if !q.Has("sslmode") {
		q.Set("sslmode", "prefer") // Pulumi's client needs the setting
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// databaseURL is the control database's URL with the password file, as pgx
// takes it.
func (c Config) databaseURL() (string, error) {
	u, err := url.Parse(c.Database.URL)
	if err != nil {
		return "", errors.New("database.url: not a URL")
	}
	if c.Database.PasswordFile != "" {
		q := u.Query()
		q.Set("passfile", c.Database.PasswordFile)
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

var (
	environmentPattern = regexp.MustCompile(`^[a-z0-9-]+$`)
	regionPattern      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	accountPattern     = regexp.MustCompile(`^\d{12}$`)
)

// Validate joins all faults; each names its key.
func (c Config) Validate() error {
	var faults []error
	bad := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		bad("addr: %q is not host:port", c.Addr)
	}
	if !environmentPattern.MatchString(c.Environment) {
		bad("environment: %q must match [a-z0-9-]+", c.Environment)
	}
	c.checkRegions(bad)
	if c.Estate.Size != noEstate && len(faults) == 0 {
		if _, err := desiredStacks(c); err != nil {
			bad("%w", err)
		}
	}
	if u, err := url.Parse(c.Database.URL); err != nil || !strings.HasPrefix(u.Scheme, "postgres") && c.needsDatabase() {
		bad("database.url: a postgres:// URL is needed; set it or AEGIS_DATABASE_URL")
	}
	if c.AWS.Endpoint == "" && !accountPattern.MatchString(c.AWS.AccountID) {
		bad("aws.account_id: 12 digits are needed; nothing runs against an account that was not named")
	}
	if p := c.Pulumi.SecretsProvider; p != "passphrase" && !strings.HasPrefix(p, "awskms://") {
		bad("pulumi.secrets_provider: %q is neither passphrase nor awskms://…", p)
	}
	if c.Pulumi.SecretsProvider == "passphrase" && c.Pulumi.PassphraseFile == "" {
		bad("pulumi.passphrase_file: needed with secrets_provider passphrase")
	}
	if c.Budget.EstateUSDMonth < 0 {
		bad("budget.estate_usd_month: %v is negative", c.Budget.EstateUSDMonth)
	}
	c.Policy.check(bad)
	if _, err := c.Egress.guard(); err != nil {
		bad("egress.allow: %w", err)
	}
	c.Terraform.check(bad)
	c.Reads.check(bad)
	c.Stores.check(c.AWS.AccountID, bad)
	c.Models.check(bad)
	c.Tools.check(bad)
	if c.ReconcileInterval < time.Minute {
		bad("reconcile_interval: %s is less than a minute", c.ReconcileInterval)
	}
	return errors.Join(faults...)
}

func (c Config) checkRegions(bad func(format string, args ...any)) {
	if len(c.Regions) < 3 {
		bad("regions: %d given, the estate needs three or more", len(c.Regions))
	}
	seen := map[string]bool{}
	for _, r := range c.Regions {
		if !regionPattern.MatchString(r) {
			bad("regions: %q is no AWS region", r)
		}
		if seen[r] {
			bad("regions: %q is named twice", r)
		}
		seen[r] = true
	}
	c.Events.check(seen, bad)
}
