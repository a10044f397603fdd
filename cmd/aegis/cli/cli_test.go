package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/cmd/aegis/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"aegis": func() {
			streams := cli.Streams{Out: os.Stdout, Err: os.Stderr, Terminal: os.Getenv("TERMINAL") != ""}
			os.Exit(cli.Run(context.Background(), os.Args[1:], streams, os.Getenv, operations()))
		},
	})
}

// operations say what they were asked for.
func operations() cli.Operations {
	fault := cli.Fault{ID: "f1", Region: "eu-west-1", Unreachable: true}
	return cli.Operations{
		Version: "v0.0.0-test",
		Sandbox: func(_ context.Context, o cli.SandboxOptions) error {
			return say(o.Stdout, "sandbox %s %s %s %s", o.DataDir, o.Addr, o.Estate, o.ReadyFile)
		},
		Supervise:   func(_ context.Context, dir string) error { return say(os.Stdout, "supervise %s", dir) },
		SandboxStop: func(_ context.Context, dir string) error { return say(os.Stdout, "stop %s", dir) },
		SandboxEnv: func(_ context.Context, dir string) ([]string, error) {
			if dir == "none" {
				return nil, errors.New("no process")
			}
			return []string{"A=it's", "PATH=/x:$PATH"}, nil
		},
		SetFault:    func(_ context.Context, _ string, f cli.Fault) (cli.Fault, error) { f.ID = "f9"; return f, nil },
		ListFaults:  func(context.Context, string) ([]cli.Fault, error) { return []cli.Fault{fault}, nil },
		ClearFaults: func(_ context.Context, _, id string) (int, error) { return map[string]int{"": 2, "f1": 1}[id], nil },
		Serve: func(_ context.Context, o cli.ServeOptions) error {
			if o.MigrateOnly {
				return say(o.Stderr, "migrate %s", o.ConfigFile)
			}
			return say(o.Stderr, "serve %s %s", o.ConfigFile, o.PolicyBundle)
		},
		Bootstrap: func(_ context.Context, o cli.BootstrapOptions, w io.Writer) error {
			return say(w, "bootstrap %s %s %s", o.ConfigFile, o.Estate, o.Environment)
		},
		Doctor: func(_ context.Context, w io.Writer, asJSON, enginesOnly bool) error {
			return say(w, "doctor %t %t", asJSON, enginesOnly)
		},
		Setup: func(_ context.Context, w io.Writer, enginesOnly bool) error { return say(w, "setup %t", enginesOnly) },
		Bench: func(_ context.Context, o cli.BenchOptions, w io.Writer) error { return say(w, "bench %+v", o) },
	}
}

func say(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			store := apitest.NewStore()
			srv := apitest.Serve(t, store)
			env.Values["store"] = store
			env.Setenv("AEGIS_URL", srv.URL)
			env.Setenv("AEGIS_TOKEN", srv.Token)
			if err := errors.Join(runningBundle(env, store), largeChange(env.WorkDir)); err != nil {
				return err
			}
			return fill(context.Background(), store)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCode, "settle": settle, "simulated": simulated, "pushed": pushed, "deniedbundle": deniedBundle,
			"traversal": traversal, "ownersonly": ownersOnly,
		},
	})
}

// fill adds what scripts look for to the sample.
func incident(id string, state aegis.IncidentState, severity aegis.Severity) aegis.SecurityIncident {
	i := aegis.SecurityIncident{
		IncidentID: id, State: state, Severity: severity, VerificationState: aegis.VerificationPending, OpenedAt: time.Now(),
		BlastRadius: aegis.BlastRadius{StackIDs: []string{"prod.data.us-east-1"}, DependentStackIDs: []string{"prod.runtime.us-east-1"}, Regions: []string{"us-east-1"}},
		SignalSet: []aegis.Finding{{
			FindingID: "f", Source: "aws/guardduty", Title: "Somebody reads a bucket", Severity: severity, Resources: []string{"arn:aws:s3:::orders"}, ObservedAt: time.Now(),
		}},
	}
	if state == aegis.IncidentClosed {
		i.ClosedAt = &i.OpenedAt
	}
	return i
}

func fill(ctx context.Context, store *apitest.Store) error {
	store.PutObservation(aegis.Observation{
		StackID: "prod.network.us-east-1", ResourceCount: 9, ObservedAt: time.Now(),
		Drift:    []aegis.ResourceChange{{Address: "aws:ec2/securityGroup:SecurityGroup::workload", Action: aegis.ActionUpdate}},
		Expected: []aegis.ExpectedDrift{{Address: "aws_vpc::main", Attribute: "tags.owner", Before: "net", After: "bob", RuleID: "rule-1"}},
	})
	store.Suggest(aegis.DriftSuggestion{
		SuggestionID: "sug-1", Kind: aegis.SuggestedLeft, StackID: "prod.runtime.us-east-1", Address: "aws_autoscaling_group::node",
		Attribute: "desired_capacity", Actor: "ann", Times: 3, DriftReportIDs: []string{"drift-2"}, LastDetectedAt: time.Now(),
	})
	store.PutDecision(aegis.Decision{
		DecisionID: "dec-1", ChangeSetID: "cs-3", StackIDs: []string{"prod.network.eu-west-1"}, DecidedAt: time.Now(), Path: "aegis/gate",
		BundleRevision: "r1", Outcome: aegis.OutcomeDenied,
		Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "world_open_admin_port", Msg: "port 22 is open"}}},
	})
	store.PutMemory(aegis.Memory{
		MemoryID: "mem-1", AgentID: "planner", Kind: aegis.MemoryEpisodic, Scope: "goal-1", Text: "Scaled the runtime to 5 nodes",
		Outcome: aegis.MemorySucceeded, Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromChangeSet, ChangeSetID: "cs-1"}, CreatedAt: time.Now(),
	})
	store.PutTrace(aegis.TaskTrace{TraceID: "tr-1", Outcome: "promoted", Steps: []aegis.TraceStep{{Name: "plan", Verdict: "go", DurationMS: 12}}})
	store.PutDriftReport(aegis.DriftReport{
		DriftReportID: "drift-1", StackID: "prod.data.us-east-1", Kind: aegis.DriftDeleted, State: aegis.DriftCorrected, DetectedAt: time.Now(),
		Cause:   aegis.DriftCause{Kind: aegis.CauseEvent, Group: "g0", Actor: &aegis.CloudActor{Principal: "ops", Session: "bob"}},
		Changes: []aegis.DriftChange{{Address: "aws_s3_bucket_policy::artifacts"}},
	})
	store.PutDriftReport(aegis.DriftReport{
		DriftReportID: "drift-2", StackID: "prod.network.us-east-1", Kind: aegis.DriftChanged, State: aegis.DriftOpen, DetectedAt: time.Now(),
		Cause: aegis.DriftCause{
			Kind: aegis.CauseEvent, Group: "g1", Actor: &aegis.CloudActor{Principal: "ann"},
			EventSource: "ec2.amazonaws.com", EventName: "AuthorizeSecurityGroupIngress",
		},
		Changes: []aegis.DriftChange{{Address: "aws_security_group::web", Attribute: "ingress", Before: []any{}, After: []any{"22"}}},
	})
	store.PutIncident(incident("inc-1", aegis.IncidentClosed, aegis.SeverityLow))
	store.PutIncident(incident("inc-2", aegis.IncidentOpen, aegis.SeverityHigh))
	store.PutSimulation(simulation())
	failing := time.Now().Add(-time.Hour)
	store.PutWebhook(aegis.Webhook{
		WebhookID: "wh-gone", URL: "https://gone.example", Format: aegis.WebhookSlack, State: aegis.WebhookDisabled,
		DisabledReason: "it answered 410 Gone", Failures: 3, FailingSince: &failing,
	})
	store.PutDelivery(aegis.WebhookDelivery{
		DeliveryID: "dlv-1", WebhookID: "wh-gone", EventType: "aegis.drift.detected", StackID: "prod.network.us-east-1", Sequence: 7,
		State: aegis.DeliveryFailed, Attempts: 2, Error: "it answered 500 Internal Server Error", CreatedAt: failing,
		Log: []aegis.DeliveryAttempt{{Attempt: 2, Status: 500, LatencyMS: 12, Response: "oops"}},
	})
	return store.Sample(ctx)
}

// exitCode runs a command and demands its exit code: exitcode 2 aegis goal.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// settle ends a goal, as a worker would: settle goal-4 succeeded.
func settle(ts *testscript.TestScript, _ bool, args []string) {
	store, ok := ts.Value("store").(*apitest.Store)
	if !ok {
		ts.Fatalf("there is no store")
	}
	goal, err := store.Goal(context.Background(), args[0])
	ts.Check(err)
	goal.State = aegis.GoalState(args[1])
	ts.Check(store.UpdateGoal(context.Background(), goal))
}

func TestWhatOthersWroteDoesNotDriveTheTerminal(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	require.NoError(t, store.UpsertStack(t.Context(), aegis.Stack{StackID: "a.b.c", Error: "\x1b]0;owned\x07\u202eevil"}))
	var out, errs strings.Builder
	env := map[string]string{"AEGIS_URL": srv.URL, "AEGIS_TOKEN": srv.Token}
	code := cli.Run(t.Context(), []string{"stack", "list"}, cli.Streams{Out: &out, Err: &errs}, func(k string) string { return env[k] }, operations())
	require.Zero(t, code, errs.String())
	require.Contains(t, out.String(), "]0;ownedevil")
	require.NotContains(t, out.String(), "\x1b")
}
