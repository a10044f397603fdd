package aegis

import (
	"log/slog"
	"time"
)

// Credentials are short-lived AWS keys. They format and log as Masked.
type Credentials struct {
	AccessKeyID     string    `json:"-"`
	SecretAccessKey string    `json:"-"`
	SessionToken    string    `json:"-"`
	Expires         time.Time `json:"-"`
}

// String hides the keys.
func (Credentials) String() string { return Masked }

// GoString hides the keys.
func (Credentials) GoString() string { return Masked }

// LogValue hides the keys.
func (Credentials) LogValue() slog.Value { return slog.StringValue(Masked) }

// Lookup describes a resource whose creation was begun but not recorded, so
// that it can be found in the account.
type Lookup struct {
	StackID string
	Address string
	// Type is the Terraform type, such as "aws_vpc".
	Type   string
	Region string
	// Inputs hold the requested attributes by snake_case name.
	Inputs map[string]any
}

// StoredResponse is the answer kept for an idempotency key.
type StoredResponse struct {
	Status int
	Header map[string]string
	Body   []byte
}
