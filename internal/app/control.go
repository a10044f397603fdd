package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/client/mcpserver"
	"github.com/aegisworld/aegis/drift"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/internal/telemetry"
	"github.com/aegisworld/aegis/internal/toolchain"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/explain"
	"github.com/aegisworld/aegis/policies/simulate"
	"github.com/aegisworld/aegis/rollout"
	"github.com/aegisworld/aegis/secops"
	"github.com/aegisworld/aegis/stacks"
	"github.com/aegisworld/aegis/web"
)

// control is the control plane of one process: API, workers and engines on
// one database and one account.
type control struct {
	config     Config
	log        *slog.Logger
	db         *postgres.DB
	account    *cloud.Cloud
	engines    *engine.Engines
	door       *rollout.Door
	planner    *agent.Planner
	simulator  *simulate.Simulator
	reconciler *drift.Reconciler
	stock      *drift.Stock
	intake     intake
	findings   *secops.Intake
	webhooks   *hooks
	policy     *policy
	metrics    *telemetry.Metrics
	tracer     trace.TracerProvider
	reads      *reads
	memories   *memory.Service
	ledger     *postgres.ModelLedger
	models     *model.Router
	// tools are what agents may call.
	tools *tool.Registry
	// closeTools ends the servers that have more.
	closeTools func() error
	hot        hotStore
	closeHot   func()
}

// specs are the estate's rules for specs, as an interface.
type specs struct{}

func (specs) Validate(spec aegis.Spec) error { return stacks.Validate(spec) }

func (specs) Contradictions(all []aegis.Spec) []aegis.FieldFault { return stacks.Contradictions(all) }

// newControl connects to everything. Nothing else happens before the account
// is known to be the configured one.
func newControl(ctx context.Context, c Config, tools toolchain.Tools, log *slog.Logger) (*control, error) {
	tuneCollector()
	var db *postgres.DB
	reads := newReads(c)
	account, err := newCloud(ctx, c, func(ctx context.Context, k aegis.IssuedKey) error { return db.RecordKey(ctx, k) }, reads, log)
	if err != nil {
		return nil, err
	}
	if db, err = openDatabase(ctx, c, log); err != nil {
		return nil, err
	}
	p := &control{config: c, log: log, account: account, db: db, reads: reads}
	if err := p.wire(ctx, tools); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// newCloud connects to the account. recordKey is called for every key that is
// given out, not before.
func newCloud(
	ctx context.Context, c Config, recordKey func(context.Context, aegis.IssuedKey) error, pacer cloud.Pacer, log *slog.Logger,
) (*cloud.Cloud, error) {
	account, err := cloud.New(ctx, cloud.Config{
		Endpoint: c.AWS.Endpoint, Regions: c.Regions, AccountID: c.AWS.AccountID,
		BaseAccessKeyID: c.AWS.accessKeyID, BaseSecretAccessKey: c.AWS.secretAccessKey,
		ExecutorRoleARN: c.AWS.ExecutorRoleARN, BootstrapRoleARN: c.AWS.BootstrapRoleARN, AdoptedRoleARN: c.AWS.AdoptedRoleARN,
		Environment: c.Environment, RecordKey: recordKey, Pacer: pacer, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("connect to AWS: %w", err)
	}
	if _, err := account.AccountID(ctx); err != nil {
		return nil, fmt.Errorf("check the account: %w", err)
	}
	return account, nil
}

func openDatabase(ctx context.Context, c Config, log *slog.Logger) (*postgres.DB, error) {
	url, err := c.databaseURL()
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, url, log)
	if err != nil {
		return nil, fmt.Errorf("open the control database: %w", err)
	}
	db.UpgradeSpec = stacks.Upgrade
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("migrate the control database: %w", err)
	}
	return db, nil
}

func (p *control) wire(ctx context.Context, tools toolchain.Tools) (err error) {
	c := p.config
	p.metrics = telemetry.NewMetrics(Version, p.db.Counts, p.db.Freshness)
	p.reads.metrics.Store(p.metrics)
	if p.engines, err = newEngines(ctx, c, tools, p.account, p.db, p.metrics, p.log); err != nil {
		return err
	}
	prices, err := pricing.Load()
	if err != nil {
		return fmt.Errorf("load the price table: %w", err)
	}
	if p.hot, p.closeHot, err = c.Stores.Hot.open(ctx, c.Environment, p.db); err != nil {
		return err
	}
	if p.policy, err = p.newPolicy(ctx); err != nil {
		return err
	}
	tracer, err := telemetry.NewTracerProvider(ctx, c.Telemetry.OTLPEndpoint, Version, c.Environment)
	if err != nil {
		return fmt.Errorf("set up traces: %w", err)
	}
	p.tracer = tracer
	engines := expecting{indexing{observed{p.engines, telemetry.NewEngine(tracer, p.metrics)}, p.db, p.log}}
	p.door = rollout.New(rollout.Config{
		Store: p.db, Engine: engines, Direct: p.account.Direct(), Gates: judges{p.policy.live}, Pricer: prices, Checker: p.account, Specs: specs{},
		Bundles: p.policy.shipper,
		Regions: c.Regions, EstateBudgetUSDMonth: &c.Budget.EstateUSDMonth, Logger: p.log, Span: p.span,
	})
	p.policy.shipper.Door = p.door
	if err := p.policy.load(ctx); err != nil {
		// Nothing decides that never did: everything is denied until it loads.
		p.log.ErrorContext(ctx, "policy bundle not loaded; every change is denied", "error", err)
	}
	if err := p.wireAgents(ctx, prices); err != nil {
		return err
	}
	if p.webhooks, err = p.newHooks(ctx); err != nil {
		return err
	}
	p.simulator = simulate.New(simulate.Config{
		Bundles:   simulate.Bundles{Current: p.policy.current, Options: p.policy.options},
		Decisions: p.db, Stacks: p.db, Door: p.door, Planner: p.planner,
		Forbidden: rollout.Forbidden,
	})
	return p.wireDrift(ctx, engines)
}

// wireAgents makes what plans goals: models, memory, tools and the planner.
func (p *control) wireAgents(ctx context.Context, prices *pricing.Table) error {
	if err := p.wireModels(); err != nil {
		return err
	}
	outside, err := p.config.outsideTools(ctx, ownBinary, p.config.file, p.log)
	if err != nil {
		return err
	}
	p.closeTools = outside.close
	planner := agent.Config{
		Goals: p.db, Stacks: p.db, Specs: p.db, ChangeSets: p.db, Door: p.door, Pricer: prices, Validate: stacks.Validate,
		DependsOn: stacks.DependsOn, Memory: p.memories, Journal: p.db, Agents: agents{p.db},
		Regions: p.config.Regions, Logger: p.log,
		Ledger: p.ledger, Span: telemetry.AgentSpans{Tracer: p.tracer.Tracer("github.com/aegisworld/aegis/agent")}.Start,
	}
	if p.models != nil {
		planner.Models = p.models
	}
	p.planner = agent.New(planner)
	// Agents propose with a tool of the planner's.
	if p.tools, err = p.newTools(prices, append(outside.fixed, p.planner.ProposeTool()), outside.sources...); err != nil {
		return err
	}
	p.planner.Tools = telemetry.NewToolSpans(p.tools, p.tracer.Tracer("github.com/aegisworld/aegis/agent/tool"))
	return nil
}

// wireModels makes the router of models, and memory, which may ask one of them for
// vectors.
func (p *control) wireModels() (err error) {
	c := p.config.Models
	p.ledger = p.db.ModelLedger(c.Limits.limits(), c.holdFor(), time.Now)
	p.models, err = c.router(modelParts{
		ledger: p.ledger, observer: telemetry.ModelSpans{Tracer: p.tracer.Tracer("github.com/aegisworld/aegis/agent/model")},
		credentials: p.account.BaseCredentials, answers: p.hot, logger: p.log,
	})
	if err != nil {
		return err
	}
	embedder, err := c.embedder(p.models)
	if err != nil {
		return err
	}
	p.memories = memory.New(memory.Config{Store: p.db, Embedder: embedder, Logger: p.log})
	return nil
}

// wireDrift makes what looks at the estate for what differs from its specs.
func (p *control) wireDrift(ctx context.Context, engines expecting) error {
	p.reconciler = drift.New(drift.Config{
		Store: p.db, Engine: pacedLooks{engines}, Door: p.door, Policy: driftPolicy{p.policy.live}, Parameters: parameters{p.engines},
		Interval: p.config.ReconcileInterval, Logger: p.log,
	})
	p.stock = drift.NewStock(drift.StockConfig{
		Store: p.db, Account: p.account, States: engines, Door: p.door, Policy: driftPolicy{p.policy.live}, Regions: p.config.Regions,
		Home:     home(p.config.Environment),
		Interval: p.config.ReconcileInterval, Logger: p.log,
	})
	accountID, err := p.account.AccountID(ctx)
	if err != nil {
		return fmt.Errorf("ask for the account: %w", err)
	}
	p.intake = intake{drift.NewIntake(p.db, accountID), p.metrics}
	p.findings = secops.NewIntake(p.db, accountID, time.Now)
	return nil
}

// sweep asks for looks at what was not looked at for a while, and compacts what
// agents remember.
func (p *control) sweep(ctx context.Context) error {
	looks := errors.Join(p.reconciler.Sweep(ctx), p.stock.Sweep(ctx))
	_, err := p.memories.Compact(ctx) // last: it may ask a model
	return errors.Join(looks, err)
}

// home is the stack under whose limits a resource that belongs to none is
// removed where policy says so: that of the layer which has the like.
func home(environment string) func(aegis.CloudResource) string {
	layers := map[string]string{"aws_instance": aegis.LayerRuntime, "aws_snapshot_create_volume_permission": aegis.LayerData}
	return func(r aegis.CloudResource) string {
		layer, ok := layers[r.Type]
		if !ok || environment == "" {
			return ""
		}
		return aegis.StackName{Environment: environment, Layer: layer, Region: r.Region}.String()
	}
}

// driftPolicy is the bundle that runs.
type driftPolicy struct{ live *policies.Live }

func (d driftPolicy) DecideDrift(ctx context.Context, seen aegis.DriftedAttribute) (aegis.DriftDecision, string) {
	gate, _ := d.live.Pin()
	return gate.DecideDrift(ctx, seen)
}

// span makes a span of a stage, in the trace that the goal's request began.
func (p *control) span(
	ctx context.Context, cs *aegis.AutonomousChangeSet, phase aegis.Phase,
) (context.Context, func(verdict string)) {
	if goal, err := p.db.Goal(ctx, cs.GoalID); err == nil {
		ctx = telemetry.Continue(ctx, goal.TraceID)
	}
	ctx, span := p.tracer.Tracer("github.com/aegisworld/aegis/rollout").Start(ctx, "stage "+string(phase),
		trace.WithAttributes(attribute.String("aegis.change_set_id", cs.ChangeSetID)))
	return ctx, func(verdict string) {
		span.SetAttributes(attribute.String("aegis.verdict", verdict))
		span.End()
	}
}

func (p *control) close() {
	if p.engines != nil {
		p.engines.Close()
	}
	if p.closeHot != nil {
		p.closeHot()
	}
	if p.closeTools != nil {
		if err := p.closeTools(); err != nil {
			p.log.Warn("tools from outside not closed", "error", err)
		}
	}
	p.db.Close()
}

// handler serves the API, its tools for assistants and the page.
func (p *control) handler() http.Handler {
	served := p.apiHandler()
	tools := mcpserver.Handler(served, Version)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp" {
			tools.ServeHTTP(w, r)
			return
		}
		served.ServeHTTP(w, r)
	})
}

func (p *control) apiHandler() http.Handler {
	config := api.Config{
		Goals: p.db, Steps: p.db, ChangeSets: p.db, Stacks: p.db, Envelope: p.db, Decisions: p.db, Traces: p.db, Events: p.db,
		Auth: p.db, Requests: p.hot, Health: p.db, Door: p.door, Queue: p.db, Workspaces: p.engines, Simulator: p.simulator, Previewer: p.planner, Bundles: p.policy.shipper,
		Drift: p.db, Intake: p.intake, DriftRules: &drift.Rulebook{Store: p.db}, Incidents: p.db, Findings: p.findings,
		Adopter:  &drift.Adopter{Store: p.db, Parameters: parameters{p.engines}, Door: p.door},
		Registry: p.webhooks.registry, Webhooks: p.db, Deliveries: p.db,
		Agents: agents{p.db}, Memory: p.memories, Tools: p.tools,
		Explainer:  explain.New(p.policy.running, p.db, p.policy.options),
		SandboxDir: p.config.sandboxDir, Regions: p.config.Regions, Intents: intents(), Version: Version, Logger: p.log, Metrics: p.metrics,
		PublicMetrics: loopback(p.config.Addr), TracerProvider: p.tracer,
		Pages: web.New(web.Config{
			Goals: p.db, ChangeSets: p.db, Stacks: p.db, Events: p.db, Sessions: p.db,
			AllowedHosts: p.config.API.AllowedHosts, Version: Version, Logger: p.log,
		}),
	}
	if p.models != nil {
		config.Models = p.models
	}
	return api.New(config)
}

func intents() []api.Intent {
	var out []api.Intent
	for _, i := range agent.Intents() {
		out = append(out, api.Intent(i))
	}
	return out
}

// run serves on the listener and works jobs until ctx ends.
func (p *control) run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if server.Shutdown(shutdown) != nil {
			return server.Close()
		}
		return nil
	})
	group.Go(func() error { return p.followPolicy(ctx) })
	group.Go(func() error { return p.streamDecisions(ctx) })
	group.Go(func() error { return p.streamEvents(ctx) })
	group.Go(func() error { return p.webhooks.dispatcher.Run(ctx) })
	group.Go(func() error { return p.work(ctx) })
	group.Go(func() error { return p.converge(ctx) })
	group.Go(func() error { return p.pollEvents(ctx) })
	return group.Wait()
}

func (p *control) work(ctx context.Context) error {
	err := p.db.Work(ctx, postgres.Handlers{
		Step: p.door.Step, Goal: p.planner.Run, Settle: p.planner.Settle,
		Reconcile: p.reads.look(p.db, p.reconciler.Reconcile), Observe: p.reads.look(p.db, p.reconciler.Observe), Stock: p.stock.Take, Deliver: p.webhooks.sender.Deliver,
		Reap:  p.reap,
		Sweep: p.sweep, DecisionRetention: p.config.Policy.Decisions.Retention,
	})
	if ctx.Err() == nil && err != nil {
		return fmt.Errorf("work jobs: %w", err)
	}
	return nil
}

// reap gives the work of dead workers to others, undoes a policy bundle that
// gives no answers, charges what dead workers may have paid to models, and tidies
// what narrowed old sessions.
func (p *control) reap(ctx context.Context) error {
	_, err := p.door.Reap(ctx)
	_, reverted := p.door.RevertPolicy(ctx)
	_, unpaid := p.ledger.ExpireHolds(ctx)
	return errors.Join(err, reverted, unpaid, p.account.TidyPolicies(ctx))
}

// converge brings the configured estate into being, and then takes in what
// `pulumi up` makes beside it.
func (p *control) converge(ctx context.Context) error {
	c := p.converger()
	if p.config.Estate.Converge && p.config.Estate.Size != noEstate {
		desired, err := desiredStacks(p.config)
		if err != nil {
			return err
		}
		if err := c.Run(ctx, desired); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return c.Discover(ctx)
}

func (p *control) converger() *drift.Converger {
	c := &drift.Converger{Store: p.db, Door: p.door, Log: p.log, Environment: p.config.Environment}
	if p.config.stateInDatabase() {
		c.Backend = p.db
	}
	return c
}

func desiredStacks(c Config) ([]drift.Desired, error) {
	plan, err := c.plan()
	if err != nil {
		return nil, err
	}
	specs, err := plan.Specs()
	if err != nil {
		return nil, fmt.Errorf("describe the estate: %w", inConfig(err))
	}
	desired := make([]drift.Desired, len(specs))
	for i, spec := range specs {
		if err := c.Events.declare(&spec, c.sandboxDir != ""); err != nil {
			return nil, err
		}
		desired[i] = drift.Desired{StackID: stacks.StackID(spec), Spec: spec, DependsOn: stacks.DependsOn(spec)}
	}
	return desired, nil
}

// ensureToken stores an admin's token unless it is there already.
func (p *control) ensureToken(ctx context.Context, name, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	if _, err := p.db.Authenticate(ctx, sum); err == nil {
		return nil
	}
	now := time.Now()
	token := aegis.Token{TokenID: aegis.NewID(aegis.TokenPrefix, now), Name: name, Role: aegis.RoleAdmin, CreatedAt: now}
	if err := p.db.CreateToken(ctx, token, sum); err != nil {
		return fmt.Errorf("store the %s token: %w", name, err)
	}
	return nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (slices.Contains([]string{"localhost"}, host) || ip != nil && ip.IsLoopback())
}
