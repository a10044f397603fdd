package engine

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/aegisworld/aegis"
)

// recording is what one phase (a preview, an update, a refresh) of an engine
// run reported.
type recording struct {
	mu      sync.Mutex
	run     aegis.StackRun
	planned map[string]apitype.StepEventMetadata // by URN, from before a step
	done    map[string]apitype.StepEventMetadata // by URN, from after a step
	// imported are the URNs of what a program takes over.
	imported map[string]bool
	failed   []apitype.StepEventMetadata
	errors   []string
	// complaint is how the program's own standard error begins.
	complaint []string
	summary   *apitype.SummaryEvent
	dryRun    bool
}

// maxComplaint is how many lines of a program's standard error are kept.
const maxComplaint = 3

func newRecording(run aegis.StackRun) *recording {
	return &recording{
		run: run, planned: map[string]apitype.StepEventMetadata{}, done: map[string]apitype.StepEventMetadata{}, imported: map[string]bool{},
	}
}

// record takes one event in.
func (r *recording) record(e apitype.EngineEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.ResourcePreEvent != nil:
		m := e.ResourcePreEvent.Metadata
		r.planned[m.URN] = merge(r.planned[m.URN], m)
		if m.Op == apitype.OpImport {
			r.imported[m.URN] = true
		}
		r.progress(m, "started")
	case e.ResOutputsEvent != nil:
		m := e.ResOutputsEvent.Metadata
		r.done[m.URN] = m
		if m.Op == apitype.OpImport && r.planned[m.URN].Op == apitype.OpImport {
			r.planned[m.URN] = m // which knows the real thing, unlike the event before
		}
		r.progress(m, "done")
	case e.ResOpFailedEvent != nil:
		r.failed = append(r.failed, e.ResOpFailedEvent.Metadata)
		r.progress(e.ResOpFailedEvent.Metadata, "failed")
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "error":
		r.errors = append(r.errors, diagnosis(e.DiagnosticEvent))
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "info#err" && len(r.complaint) < maxComplaint:
		r.complaint = append(r.complaint, strings.TrimSpace(e.DiagnosticEvent.Message))
	case e.SummaryEvent != nil:
		r.summary = e.SummaryEvent
	}
}

// merge makes one step of two for the same resource.
func merge(old, next apitype.StepEventMetadata) apitype.StepEventMetadata {
	switch {
	case old.URN == "":
		return next
	case next.Op == apitype.OpDelete && old.New != nil:
		// What a former replacement left is deleted; the resource stays.
		next.Op, next.New = apitype.OpReplace, old.New
		return next
	case weight(next.Op) >= weight(old.Op):
		return next
	default:
		return old
	}
}

// weight orders the steps of one resource by how much they say: reading is
// less than doing, and a replacement's parts are less than the replacement.
func weight(op apitype.OpType) int {
	switch op { //nolint:exhaustive // the others weigh the same
	case apitype.OpSame, apitype.OpRefresh, apitype.OpRead:
		return 0
	case apitype.OpReplace:
		return 3
	case apitype.OpCreateReplacement, apitype.OpDeleteReplaced, apitype.OpReadReplacement, apitype.OpImportReplacement:
		return 2
	default:
		return 1
	}
}

// progress tells the caller about one step of a real run.
func (r *recording) progress(m apitype.StepEventMetadata, status string) {
	action := actionOf(m.Op)
	if r.run.Progress == nil || r.dryRun || action == "" || !managed(m) {
		return
	}
	r.run.Progress(aegis.ResourceEvent{
		StackID: r.run.Stack.StackID, Address: addressOf(m.URN), Type: terraformType(m.Type), Action: action, Status: status,
	})
}

// diagnosis is an error message with the resource it is about.
func diagnosis(d *apitype.DiagnosticEvent) string {
	msg := strings.TrimSpace(d.Prefix + d.Message)
	if d.URN == "" || strings.HasPrefix(typeOf(d.URN), "pulumi:") {
		return msg
	}
	return addressOf(d.URN) + ": " + msg
}

// listen records a stream of the Automation API until it or stop is closed.
func (r *recording) listen(stream <-chan events.EngineEvent, stop <-chan struct{}) {
	for {
		select {
		case e, ok := <-stream:
			if !ok {
				return
			}
			r.record(e.EngineEvent)
		case <-stop:
			return
		}
	}
}

// eventServer receives the events of a CLI process, which opens one stream for
// each phase.
type eventServer struct {
	pulumirpc.UnimplementedEventsServer
	grpc *grpc.Server
	addr string
	next func() *recording
}

// serveEvents listens on loopback; next is called as each phase begins.
func serveEvents(next func() *recording) (*eventServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
	if err != nil {
		return nil, err
	}
	s := &eventServer{grpc: grpc.NewServer(grpc.MaxRecvMsgSize(400 << 20)), addr: l.Addr().String(), next: next}
	pulumirpc.RegisterEventsServer(s.grpc, s)
	go func() { _ = s.grpc.Serve(l) }()
	return s, nil
}

// Close ends the server.
func (s *eventServer) Close() { s.grpc.Stop() }

// StreamEvents takes in one phase.
func (s *eventServer) StreamEvents(stream pulumirpc.Events_StreamEventsServer) error {
	rec := s.next()
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&emptypb.Empty{})
		}
		if err != nil {
			return err
		}
		var e apitype.EngineEvent
		if err := json.Unmarshal([]byte(req.GetEvent()), &e); err != nil {
			return err
		}
		rec.record(e)
	}
}
