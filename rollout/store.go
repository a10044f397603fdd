package rollout

import (
	"context"
	"time"

	"github.com/aegisworld/aegis"
)

// store is all that the door keeps. Times of leases and jobs are the store's
// own clock's: the door passes durations, so that workers on machines with
// different clocks agree.
type store interface {
	work
	changeSets
	estates
	policyState
	leftDrift
}

// work is who does what now.
type work interface {
	claims
	orphans
}

// estates reads stacks, by themselves and with others.
type estates interface {
	estate
	environments
}

// environments reads what stacks are with others.
type environments interface {
	// EnvironmentSpecs are the newest specs of the environment's stacks that exist,
	// adopted ones apart.
	EnvironmentSpecs(ctx context.Context, environment string) ([]aegis.Spec, error)
}

// leftDrift is drift that is known and stays.
type leftDrift interface {
	// DriftLeft are the attributes that open reports of the stack leave as they are,
	// as rules that have the report's id.
	DriftLeft(ctx context.Context, stackID string) ([]aegis.DriftRule, error)
}

// claims move one change set at a time. A change set is held by at most one
// worker; holding it also holds every stack that it owns.
type claims interface {
	// Claim takes the change set for holder for ttl and raises the fencing
	// token of every lease that the change set owns, in one transaction.
	// ErrStale: the version is not the current one, or the phase is done.
	// ErrLeaseHeld: another holder's hold has not run out. ErrNotFound.
	Claim(ctx context.Context, changeSetID string, version int64, holder string, ttl time.Duration) (Claimed, error)
	// Heartbeat prolongs the hold and its leases to ttl from now and returns
	// the change set's current version: one that the holder did not commit
	// itself says that someone stopped it. ErrLeaseLost: holder holds it no
	// more.
	Heartbeat(ctx context.Context, changeSetID, holder string, ttl time.Duration) (version int64, err error)
	// Release gives the hold (not the ownership of stacks) back without a
	// commit; it does nothing when holder does not hold it.
	Release(ctx context.Context, changeSetID, holder string) error
	// CommitStep writes all of a Step or, with an error, nothing.
	// ErrStale: ChangeSet.Version is not the current version.
	// ErrLeaseLost: Holder is set and does not hold the change set.
	// ErrLeaseHeld: a stack of Own belongs to another change set.
	// ErrBudgetExceeded: a Reservation does not fit. ErrConflict: a revision
	// is not its stack's newest plus one.
	CommitStep(ctx context.Context, step Step) error
}

// orphans finds work whose worker died.
type orphans interface {
	// Orphans lists change sets that are not done and either have a holder
	// whose hold ran out, or have none although their job has been due for
	// longer than overdue.
	Orphans(ctx context.Context, overdue time.Duration) ([]Orphan, error)
	// Requeue, when the change set still has that version and is still an
	// orphan, takes it from its dead holder, raises its version and inserts a
	// job for that version, in one transaction. An orphan without a holder
	// keeps its version: it gets another job, which is harmless if the first
	// one is only late. It returns ErrStale when nothing was to be done.
	Requeue(ctx context.Context, orphan Orphan) error
	// Defer inserts one more job for the same version, due after delay.
	Defer(ctx context.Context, changeSetID string, version int64, delay time.Duration) error
}

// changeSets reads and inserts change sets.
type changeSets interface {
	// InsertChangeSet writes the row (Version as given), an event
	// "change_set.proposed", an empty trace and a job for Version, in one
	// transaction.
	InsertChangeSet(ctx context.Context, cs aegis.AutonomousChangeSet) error
	// ChangeSet returns ErrNotFound when there is none.
	ChangeSet(ctx context.Context, changeSetID string) (aegis.AutonomousChangeSet, error)
	// Memory returns what the pipeline remembers of a change set; zero before
	// its first step.
	Memory(ctx context.Context, changeSetID string) (Memory, error)
	// History counts the change sets that touched any of the stacks and ended
	// since then.
	History(ctx context.Context, stackIDs []string, since time.Time) (aegis.History, error)
}

// estate reads stacks and the envelope.
type estate interface {
	// Stack returns ErrNotFound when there is none.
	Stack(ctx context.Context, stackID string) (aegis.Stack, error)
	// SpecRevision returns one revision, the newest for 0; ErrNotFound when
	// the stack has none.
	SpecRevision(ctx context.Context, stackID string, revision int64) (aegis.SpecRevision, error)
	// Leases lists those of the stacks that a change set owns.
	Leases(ctx context.Context, stackIDs []string) ([]aegis.Lease, error)
	// Breakers lists all; the door keeps to the open ones that have not
	// expired.
	Breakers(ctx context.Context) ([]aegis.Breaker, error)
	// Budgets lists all accounts.
	Budgets(ctx context.Context) ([]aegis.BudgetAccount, error)
}

// Claimed is a change set that the caller now holds.
type Claimed struct {
	ChangeSet aegis.AutonomousChangeSet
	Memory    Memory
	// Tokens maps each stack that the change set owns to its fencing token.
	Tokens map[string]int64
}

// Orphan is a change set whose worker stopped, or whose job was never run.
type Orphan struct {
	ChangeSetID string
	Version     int64
	// Holder is the worker that stopped, "" when no worker ever came.
	Holder string
}

// Step is everything that one step commits, in one transaction.
type Step struct {
	// ChangeSet is the whole row to write. Its Version is the one that was
	// read: the store refuses with ErrStale when the row has another, and
	// writes Version+1.
	ChangeSet aegis.AutonomousChangeSet
	// Memory replaces what the pipeline remembers; stored as JSON.
	Memory Memory
	// Holder must hold the change set, else ErrLeaseLost. "" is a writer from
	// outside, such as a cancellation: it leaves the holder in place, who
	// learns of it from Heartbeat's version.
	Holder string
	// Keep says that the stage goes on after this commit: the hold stays.
	// Without it the hold ends.
	Keep bool
	// Own makes the change set the owner of these stacks: all of them, or
	// ErrLeaseHeld.
	Own []string
	// Disown gives all of the change set's stacks back, those of Own included.
	Disown bool
	// Decision is recorded, and beside it Shadow: what a candidate bundle says
	// of the same input.
	Decision, Shadow *aegis.Decision
	// Reserve holds money for the change set, replacing what it held before.
	Reserve []Reservation
	// Settlement ends the change set's reservations.
	Settlement Settlement
	// Revisions are inserted, and each becomes its stack's Revision.
	Revisions []aegis.SpecRevision
	// Stacks are states of stacks to write.
	Stacks []StackUpdate
	// Breakers are opened; one that is open for the same scope and key stays
	// as it is.
	Breakers []aegis.Breaker
	// Policy, when set, changes which policy bundles run. ErrConflict: another
	// one ran than it says.
	Policy *PolicyUpdate
	// Trace is added to the trace ChangeSet.TraceID: its Steps are appended,
	// its counts and LatencyMS added, its Outcome set when not empty.
	Trace aegis.TaskTrace
	// Events are appended; the store gives Seq and At.
	Events []aegis.Event
	// Next is when the job for Version+1 is due, counted from the commit; nil
	// is no job.
	Next *time.Duration
	// SettleGoal inserts a job that settles the goal ChangeSet.GoalID.
	SettleGoal bool
}

// StackUpdate is a stack's new state.
type StackUpdate struct {
	StackID string
	State   aegis.StackState
	// Error is written as it is: "" clears it.
	Error string
	// ResourceCount and Reconciled leave the row as it is when nil and false.
	ResourceCount *int
	// Reconciled sets last_reconciled_at to the commit's time.
	Reconciled bool
}

// NoLimit is the limit of an account that has none.
const NoLimit = -1

// Reservation asks for money of one account, in US dollars a month.
type Reservation struct {
	// Scope is "estate" or "goal:<goal_id>".
	Scope string
	// USD is at least 0; it must fit: reserved + spent + USD ≤ limit.
	// 0 always fits.
	USD float64
	// LimitUSD is the limit that the account gets when it does not exist;
	// NoLimit (any negative number) is none.
	LimitUSD float64
}

// Settlement is how a change set's reservations end.
type Settlement struct {
	// Kind is SettleNone, SettleSpend or SettleRelease.
	Kind SettlementKind
	// USD is added to what every account that was reserved from has spent,
	// with SettleSpend; it may be negative.
	USD float64
}

// SettlementKind is a way of ending a reservation.
type SettlementKind string

// The settlements.
const (
	// SettleNone leaves reservations as they are.
	SettleNone SettlementKind = ""
	// SettleSpend gives the reservations back and adds USD to what is spent.
	SettleSpend SettlementKind = "spend"
	// SettleRelease gives the reservations back.
	SettleRelease SettlementKind = "release"
)

// Memory is what the pipeline has to remember between steps and users need
// not see. The store keeps it as one JSON document.
type Memory struct {
	// Attempts counts the tries of this phase that machinery broke.
	Attempts int `json:"attempts,omitempty"`
	// Replans counts how often the plan was made anew.
	Replans int `json:"replans,omitempty"`
	// WaitFrom is when the running wait began.
	WaitFrom *time.Time `json:"wait_from,omitempty"`
	// ResourceCounts are the planned numbers of resources by stack id.
	ResourceCounts map[string]int `json:"resource_counts,omitempty"`
	// Reason is why a rollback began.
	Reason string `json:"reason,omitempty"`
	// Cancelled says that someone asked to stop.
	Cancelled bool `json:"cancelled,omitempty"`
	// Looks counts how often in a row the stacks looked bad.
	Looks int `json:"looks,omitempty"`
	// Order is the order in which stacks are applied.
	Order []string `json:"order,omitempty"`
	// CanaryStack is the stack that would be tried first.
	CanaryStack string `json:"canary_stack,omitempty"`
	// CanaryRegion is where that is tried, in a change of one workspace that is in
	// several regions; "" tries the whole stack.
	CanaryRegion string `json:"canary_region,omitempty"`
	// Checks are the stacks' checks, as the last apply returned them.
	Checks map[string][]aegis.Check `json:"checks,omitempty"`
	// BundleBase is the change set that brought the policy bundle which ran
	// before, "" for the embedded one.
	BundleBase string `json:"bundle_base,omitempty"`
}
