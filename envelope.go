package aegis

import (
	"slices"
	"strings"
	"time"
)

// BreakerScope is what a breaker contains.
type BreakerScope string

// The scopes of breakers. There is none for everything.
const (
	BreakerStack  BreakerScope = "stack"
	BreakerRegion BreakerScope = "region"
	BreakerAgent  BreakerScope = "agent"
	BreakerTool   BreakerScope = "tool"
	// BreakerAttribute is one attribute that others keep changing back: it is not
	// corrected. It opens by itself; see AttributeKey.
	BreakerAttribute BreakerScope = "attribute"
)

// AttributeKey is the key of an attribute's breaker. An unmanaged resource has
// its type and id for an address, and no attribute.
func AttributeKey(stackID, address, attribute string) string {
	return strings.TrimSuffix(stackID+" "+address+" "+attribute, " ")
}

// Breaker stops changes within its scope while it is open.
type Breaker struct {
	BreakerID string       `json:"breaker_id"`
	Scope     BreakerScope `json:"scope"`
	// Key names the stack id, region, agent or tool; see AttributeKey for attributes.
	Key    string `json:"key"`
	Open   bool   `json:"open"`
	Reason string `json:"reason"`
	// OpenedBy is a principal's name, or "aegis".
	OpenedBy  string     `json:"opened_by"`
	OpenedAt  time.Time  `json:"opened_at"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Stops says that the breaker is open at a time, and has not expired.
func (b Breaker) Stops(at time.Time) bool {
	return b.Open && (b.ExpiresAt == nil || b.ExpiresAt.After(at))
}

// BudgetAccount is one limit and what is taken of it, in US dollars a month.
type BudgetAccount struct {
	// Scope is "estate" or "goal:<goal_id>".
	Scope       string  `json:"scope"`
	LimitUSD    float64 `json:"limit_usd_month"`
	ReservedUSD float64 `json:"reserved_usd_month"`
	SpentUSD    float64 `json:"spent_usd_month"`
}

// Role is what a token may do; each includes the ones before it, except
// RoleAgent, which may only read: agents propose inside the control plane.
type Role string

// The roles.
const (
	RoleViewer    Role = "viewer"
	RoleSubmitter Role = "submitter"
	RoleOperator  Role = "operator"
	RoleAdmin     Role = "admin"
	RoleAgent     Role = "agent"
)

// OperatingRoles are those that may steer changes and their envelope.
func OperatingRoles() []Role { return []Role{RoleOperator, RoleAdmin} }

// MayOperate says that a role may steer changes and their envelope.
func (r Role) MayOperate() bool { return slices.Contains(OperatingRoles(), r) }

// Principal is an authenticated caller.
type Principal struct {
	// Name identifies the caller in records, such as "admin".
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	TokenID string `json:"token_id"`
}

// Token is a stored credential; its secret is shown once, at creation, and
// kept only as a SHA-256.
type Token struct {
	TokenID    string     `json:"token_id"`
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}
