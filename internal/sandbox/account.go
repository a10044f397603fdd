package sandbox

import (
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/front"
)

// Account is a running sandbox: how to reach its database and its AWS.
// It logs and formats without its secrets.
type Account struct {
	// DataDir is where it lives, SupervisorPID who runs it.
	DataDir       string `json:"data_dir"`
	SupervisorPID int    `json:"supervisor_pid"`
	// DatabaseURL has no password: that is in DatabasePasswordFile, a file of
	// libpq's pgpass form. Both are empty without Postgres.
	DatabaseURL          string `json:"database_url,omitempty"`
	DatabasePasswordFile string `json:"database_password_file,omitempty"`
	// AWSEndpoint is one URL for all regions and services.
	AWSEndpoint string   `json:"aws_endpoint"`
	AccountID   string   `json:"account_id"`
	Regions     []string `json:"regions"`
	// The admin is an administrator for people, not the autopilot.
	AdminAccessKeyID     string `json:"admin_access_key_id"`
	AdminSecretAccessKey string `json:"admin_secret_access_key"`
	// The autopilot is an administrator too, for bootstrap and AssumeRole.
	AutopilotAccessKeyID     string `json:"autopilot_access_key_id"`
	AutopilotSecretAccessKey string `json:"autopilot_secret_access_key"`
	// PulumiPassphraseFile holds the passphrase of Pulumi's secrets provider.
	PulumiPassphraseFile string `json:"pulumi_passphrase_file"`
	// Continuity says whether the account is as it was when it was last
	// stopped; Reason says why not.
	Continuity       front.Continuity `json:"continuity"`
	ContinuityReason string           `json:"continuity_reason,omitempty"`
	// ReplayedCalls is how many calls were replayed, in all regions together.
	ReplayedCalls int `json:"replayed_calls"`
}

// DatabaseURLWithPassword is DatabaseURL with the password in it.
func (a *Account) DatabaseURLWithPassword() (string, error) {
	text, err := os.ReadFile(a.DatabasePasswordFile)
	if err != nil {
		return "", fmt.Errorf("read the database's password: %w", err)
	}
	line := strings.TrimSpace(string(text))
	target, err := url.Parse(a.DatabaseURL)
	if err != nil {
		return "", fmt.Errorf("read the database's address: %w", err)
	}
	target.User = url.UserPassword(databaseName, line[strings.LastIndexByte(line, ':')+1:])
	return target.String(), nil
}

// String names the account without its secrets.
func (a *Account) String() string { return "sandbox account at " + a.AWSEndpoint }

// GoString is String.
func (a *Account) GoString() string { return a.String() }

// LogValue is String.
func (a *Account) LogValue() slog.Value { return slog.StringValue(a.String()) }
