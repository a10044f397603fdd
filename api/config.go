package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
)

// Config holds what the API stands on. Stores, Door, Queue and Auth are
// required; the rest has defaults.
type Config struct {
	Goals      goalStore
	Steps      stepStore
	ChangeSets changeSetStore
	Stacks     stackStore
	Envelope   envelopeStore
	Decisions  decisionStore
	Traces     traceStore
	Events     eventStore
	Auth       tokenStore
	Requests   requestStore
	// Health is pinged by /readyz.
	Health pinger
	// Door takes rollbacks and cancellations.
	Door door
	// Workspaces checks and keeps what is adopted; without it, that is not
	// offered.
	Workspaces workspaces
	// Queue takes reconciles.
	Queue queue
	// Simulator judges by candidate bundles; without it, that is not offered.
	Simulator simulator
	// Explainer explains decisions; without it, that is not offered.
	Explainer explainer
	// Bundles ships policy bundles; without it, that is not offered.
	Bundles bundles
	// Drift keeps drift reports and Intake takes in events; without them, that is
	// not offered.
	Drift  driftStore
	Intake intake
	// Incidents keeps incidents and Findings takes in what detectors found; without
	// them, that is not offered.
	Incidents incidentStore
	Findings  findings
	// DriftRules says which drift is expected, and Adopter makes specs agree with
	// reality; without them, that is not offered.
	DriftRules driftRules
	Adopter    driftAdopter
	// Agents knows the agents and Memory what they remember; without them, that is
	// not offered.
	Agents agents
	// Models are those that goals may be read with; none when nil.
	Models models
	// Tools are those that agents may call; none when nil.
	Tools  agentTools
	Memory memories
	// Registry makes webhooks and their secrets, Webhooks and Deliveries keep them.
	Registry   webhookRegistry
	Webhooks   webhookStore
	Deliveries deliveryStore
	// SandboxDir is the data folder of a sandbox, told to clients on this machine
	// that push bundles; "" elsewhere.
	SandboxDir string
	// Previewer says what goals would come to; none when nil.
	Previewer previewer
	// SimulateTimeout bounds a simulation and a preview; 10 min when zero.
	SimulateTimeout time.Duration

	// Regions are the estate's; others are refused.
	Regions []string
	// Intents says what goals can ask for.
	Intents []Intent
	// Version is the build's, such as "v0.1.0".
	Version string
	Logger  *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Metrics observes requests and serves /metrics; none when nil.
	Metrics metrics
	// PublicMetrics serves /metrics without a token, as on a loopback address.
	PublicMetrics bool
	// TracerProvider receives a span per request; none when nil.
	TracerProvider trace.TracerProvider
	// Pages serves GET / and everything else that is not the API's, such as
	// the live page; none when nil.
	Pages http.Handler
	// Patience is how long a request may take that is no stream, so that a
	// database that hangs is answered 503; 20 s when zero.
	Patience time.Duration
	// Heartbeat is the pause between comments on an idle event stream; 15 s
	// when zero.
	Heartbeat time.Duration
}

// Intent documents one family of things that a goal can ask for.
type Intent struct {
	// Name is stable, such as "runtime.scale".
	Name string `json:"name"`
	// Layer is the layer whose specs it changes.
	Layer string `json:"layer"`
	// Summary says what it does, in one sentence.
	Summary string `json:"summary"`
	// Examples are sentences that are understood.
	Examples []string `json:"examples"`
}

type stepStore interface {
	AgentSteps(ctx context.Context, goalID string) ([]aegis.AgentStep, error)
}

type goalStore interface {
	// CreateGoal returns ErrConflict when the id is taken, or when an open goal has
	// the twin, "" being none.
	CreateGoal(ctx context.Context, g aegis.Goal, twin string) error
	// OpenTwin finds the open goal with a twin; ErrNotFound.
	OpenTwin(ctx context.Context, twin string) (aegis.Goal, error)
	Goal(ctx context.Context, id string) (aegis.Goal, error)
	Goals(ctx context.Context, page aegis.Page) ([]aegis.Goal, string, error)
	UpdateGoal(ctx context.Context, g aegis.Goal, steps ...aegis.TraceStep) error
}

type changeSetStore interface {
	ChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error)
	ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error)
}

type stackStore interface {
	Stack(ctx context.Context, id string) (aegis.Stack, error)
	Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error)
	UpsertStack(ctx context.Context, s aegis.Stack) error
	SetStackMode(ctx context.Context, id string, mode aegis.StackMode) error
	Observation(ctx context.Context, stackID string) (aegis.Observation, error)
}

type envelopeStore interface {
	Breakers(ctx context.Context) ([]aegis.Breaker, error)
	OpenBreaker(ctx context.Context, b aegis.Breaker) (aegis.Breaker, error)
	CloseBreaker(ctx context.Context, id, by string) (aegis.Breaker, error)
	Budgets(ctx context.Context) ([]aegis.BudgetAccount, error)
	SetBudget(ctx context.Context, scope string, limitUSDMonth float64) error
}

type decisionStore interface {
	Decisions(ctx context.Context, f aegis.DecisionFilter, page aegis.Page) ([]aegis.Decision, string, error)
	Decision(ctx context.Context, id string) (aegis.Decision, error)
}

type traceStore interface {
	Traces(ctx context.Context, page aegis.Page) ([]aegis.TaskTrace, string, error)
	Trace(ctx context.Context, id string) (aegis.TaskTrace, error)
}

type eventStore interface {
	Events(ctx context.Context, goalID string, after int64, limit int) ([]aegis.Event, error)
	// WatchGoal sends the newest seq whenever there may be events of the goal, "" for
	// any.
	WatchGoal(ctx context.Context, goalID string) (<-chan int64, error)
}

type tokenStore interface {
	Authenticate(ctx context.Context, sum [32]byte) (aegis.Principal, error)
	CreateToken(ctx context.Context, t aegis.Token, sum [32]byte) error
	Tokens(ctx context.Context) ([]aegis.Token, error)
	RevokeToken(ctx context.Context, id string) error
	CreateLoginCode(ctx context.Context, sum [32]byte, tokenID string, expires time.Time) error
}

type requestStore interface {
	BeginRequest(ctx context.Context, principal, key string, request [32]byte) (*aegis.StoredResponse, time.Time, error)
	FinishRequest(ctx context.Context, principal, key string, status int, header map[string]string, body []byte) error
}

type pinger interface {
	Ping(ctx context.Context) error
}

type workspaces interface {
	// CheckSource says whether a workspace may be adopted, and resolves its path.
	CheckSource(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error)
	// KeepArchive keeps a .tar.gz under the digest that it returns.
	KeepArchive(ctx context.Context, archive []byte) (digest string, err error)
	// KeepExport keeps a Pulumi stack's export under the digest that it returns.
	KeepExport(ctx context.Context, export []byte) (digest string, err error)
	// Unlock removes the lock of a remote state, whoever holds it.
	Unlock(ctx context.Context, run aegis.StackRun, lockID string) error
}

type door interface {
	Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error)
	Rollback(ctx context.Context, changeSetID, actor string) (aegis.AutonomousChangeSet, error)
	Cancel(ctx context.Context, id, actor string) error
}

type previewer interface {
	Preview(ctx context.Context, spec aegis.GoalSpec, submitter string) (aegis.GoalPreview, error)
}

type simulator interface {
	Simulate(ctx context.Context, r aegis.SimulationRequest) (aegis.Simulation, error)
}

type explainer interface {
	// Explain documents the rules that fired and, with trace, judges the recorded
	// input again.
	Explain(ctx context.Context, d aegis.Decision, trace bool) (aegis.DecisionExplanation, error)
}

type bundles interface {
	// PushBundle proposes a .tar.gz; composedOn is the digest of the running
	// bundle that it was composed with, "" for none.
	PushBundle(ctx context.Context, by aegis.Principal, archive []byte, composedOn string) (aegis.AutonomousChangeSet, error)
	// RollbackBundle proposes the one that ran before.
	RollbackBundle(ctx context.Context, by aegis.Principal) (aegis.AutonomousChangeSet, error)
	PolicyBundles(ctx context.Context, page aegis.Page) ([]aegis.PolicyBundle, string, error)
	// ActiveBundle is the one that runs, with its digest.
	ActiveBundle(ctx context.Context) (digest string, archive []byte, err error)
}

type driftStore interface {
	DriftReport(ctx context.Context, id string) (aegis.DriftReport, error)
	DriftReports(ctx context.Context, f aegis.DriftFilter, page aegis.Page) ([]aegis.DriftReport, string, error)
	DriftGroups(ctx context.Context, f aegis.DriftFilter, page aegis.Page) ([]aegis.DriftGroup, string, error)
}

type incidentStore interface {
	Incident(ctx context.Context, id string) (aegis.SecurityIncident, error)
	Incidents(ctx context.Context, f aegis.IncidentFilter, page aegis.Page) ([]aegis.SecurityIncident, string, error)
}

type findings interface {
	// TakeFindings takes in what a detector found.
	TakeFindings(ctx context.Context, body []byte) (aegis.FindingCounts, error)
}

type driftRules interface {
	AddRules(ctx context.Context, rule aegis.DriftRule, attribute *string) ([]aegis.DriftRule, error)
	DeleteRule(ctx context.Context, id, by string) error
	Rules(ctx context.Context, stackID string, page aegis.Page) ([]aegis.DriftRule, string, error)
	Suggestions(ctx context.Context, stackID string) ([]aegis.DriftSuggestion, error)
	AcceptSuggestion(ctx context.Context, id, by, reason string, expires *time.Time) (aegis.DriftRule, error)
}

type driftAdopter interface {
	AdoptReport(ctx context.Context, reportID, by string) (aegis.AutonomousChangeSet, error)
}

type models interface {
	// Status lists the configured models.
	Status() []aegis.Model
}

type agentTools interface {
	// Tools lists them by name.
	Tools() []aegis.Tool
}

type agents interface {
	CreateAgent(ctx context.Context, a aegis.Agent) error
	// Agent finds one by its id or its name.
	Agent(ctx context.Context, id string) (aegis.Agent, error)
	Agents(ctx context.Context, page aegis.Page) ([]aegis.Agent, string, error)
	// MayAct is ErrForbidden where who made the agent may not operate any more.
	MayAct(ctx context.Context, name string) error
}

type memories interface {
	// ListMemories lists an agent's memories, newest first or, with a text, best
	// first.
	ListMemories(ctx context.Context, f aegis.MemoryFilter, page aegis.Page) ([]aegis.Memory, string, error)
}

type intake interface {
	// TakeEvents keeps the events of a body, each once.
	TakeEvents(ctx context.Context, body []byte) (aegis.EventCounts, error)
}

type webhookRegistry interface {
	// CreateWebhook takes a webhook with its whole URL and returns it as people may
	// see it, and its secret.
	CreateWebhook(ctx context.Context, w aegis.Webhook) (aegis.Webhook, string, error)
	// RotateWebhook returns the new secret; the old one signs too for a while.
	RotateWebhook(ctx context.Context, id string, overlap time.Duration) (aegis.Webhook, string, error)
}

type webhookStore interface {
	Webhook(ctx context.Context, id string) (aegis.Webhook, error)
	Webhooks(ctx context.Context, page aegis.Page) ([]aegis.Webhook, string, error)
	EnableWebhook(ctx context.Context, id string) (aegis.Webhook, error)
	DeleteWebhook(ctx context.Context, id string) error
}

type deliveryStore interface {
	WebhookDelivery(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error)
	WebhookDeliveries(ctx context.Context, webhookID string, state aegis.DeliveryState, page aegis.Page) ([]aegis.WebhookDelivery, string, error)
	Redeliver(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error)
	TestWebhook(ctx context.Context, webhookID, deliveryID, by string) (aegis.WebhookDelivery, error)
}

type queue interface {
	EnqueueReconcile(ctx context.Context, stackID string) error
	// EnqueueStock asks for a look at what is unmanaged in a region.
	EnqueueStock(ctx context.Context, region string) error
}

type metrics interface {
	http.Handler
	ObserveRequest(method, route string, status int, took time.Duration)
}

func (c *Config) setDefaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience == 0 {
		c.Patience = 20 * time.Second
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.SimulateTimeout == 0 {
		c.SimulateTimeout = 10 * time.Minute
	}
	if c.Version == "" {
		c.Version = "dev"
	}
}
