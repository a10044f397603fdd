// Package telemetry holds the Prometheus metrics and the OpenTelemetry traces
// of a process.
package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aegisworld/aegis"
)

// Metrics are a process's Prometheus metrics. It serves them as an
// http.Handler.
type Metrics struct {
	http.Handler

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	engineRuns     *prometheus.CounterVec
	engineSeconds  *prometheus.HistogramVec
	engineRunning  *prometheus.GaugeVec
	looks          *prometheus.CounterVec
	bundleErrors   *prometheus.CounterVec
	bundleInfo     *prometheus.GaugeVec
	logLag         prometheus.Gauge
	logUploads     *prometheus.CounterVec
	webhooks       *prometheus.CounterVec
	passedOn       *prometheus.CounterVec
	events         *prometheus.CounterVec
	reads          *prometheus.CounterVec
	readWaits      *prometheus.CounterVec
	readRate       *prometheus.GaugeVec
}

// NewMetrics returns metrics of their own registry. Counts and freshness, which
// may be nil, are asked at every scrape.
func NewMetrics(version string, counts Counts, freshness Freshness) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "aegis_http_request_duration_seconds", Help: "Time from a request to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route"}),
		engineRuns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_engine_runs_total", Help: "Engine operations that ended.",
		}, []string{"kind", "operation", "outcome"}),
		engineSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "aegis_engine_run_duration_seconds", Help: "Time that an engine operation took.",
			Buckets: []float64{.25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900},
		}, []string{"kind", "operation"}),
		engineRunning: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aegis_engine_runs_in_progress", Help: "Engine operations that run now.",
		}, []string{"kind", "operation"}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_drift_looks_total", Help: "Looks at stacks, by whether warm provider reads answered them or a run of the engine.",
		}, []string{"kind", "path"}),
		bundleErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_policy_bundle_errors_total", Help: "Policy bundles that could not be fetched, read, taken or loaded.",
		}, []string{"reason"}),
		bundleInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aegis_policy_bundle_info", Help: "1 for the policy bundle that decides in this process.",
		}, []string{"revision"}),
		passedOn: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_events_passed_on_total", Help: "Events that a sink of events took, and those that it did not take at first.",
		}, []string{"sink", "outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_cloud_events_total", Help: "Events of the cloud that came by the API or from queues, and messages that could not be taken.",
		}, []string{"outcome"}),
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_reads_total", Help: "Reads of AWS within their budgets; service engine is looks at stacks.",
		}, []string{"service", "region", "outcome"}),
		readWaits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_read_wait_seconds_total", Help: "Time that reads of AWS were held back by their budgets.",
		}, []string{"service", "region"}),
		readRate: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aegis_read_budget_per_second", Help: "Reads of AWS that a budget allows now; less than configured after AWS throttled some.",
		}, []string{"service", "region"}),
		logLag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "aegis_decision_log_lag_seconds", Help: "Age of the oldest policy decision that the sink has yet to take; 0 for none.",
		}),
		logUploads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_decision_log_uploads_total", Help: "Uploads of policy decisions to the sink.",
		}, []string{"outcome"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aegis_webhook_attempts_total", Help: "Attempts to deliver an event to a webhook.",
		}, []string{"outcome"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		m.requests, m.requestSeconds, m.engineRuns, m.engineSeconds, m.engineRunning, m.looks, m.bundleErrors, m.bundleInfo,
		m.logLag, m.logUploads, m.webhooks, m.passedOn, m.events, m.reads, m.readWaits, m.readRate, buildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if counts != nil {
		registry.MustRegister(newStates(counts))
	}
	if freshness != nil {
		registry.MustRegister(newAges(freshness))
	}
	m.Handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return m
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aegis_build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
}

// ObserveRequest counts an answered request. The route is a pattern, never a
// path, so that callers can't make up series.
func (m *Metrics) ObserveRequest(method, route string, status int, took time.Duration) {
	method = knownMethod(method)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// CountLook counts a look at a stack; path is "warm" or "engine".
func (m *Metrics) CountLook(kind aegis.TargetKind, path string) {
	m.looks.WithLabelValues(string(kind), path).Inc()
}

// CountBundleError counts a policy bundle that does not run as it should.
// reason is "fetch", "read", "refused" or "load".
func (m *Metrics) CountBundleError(reason string) { m.bundleErrors.WithLabelValues(reason).Inc() }

// CountEvents counts what became of events that were handed in; a failure is
// a body or a message that was not taken at all.
func (m *Metrics) CountEvents(c aegis.EventCounts, failed bool) {
	for outcome, n := range map[string]int{
		"accepted": c.Accepted, "duplicate": c.Duplicate, "ignored": c.Ignored, "malformed": c.Malformed,
	} {
		m.events.WithLabelValues(outcome).Add(float64(n))
	}
	if failed {
		m.events.WithLabelValues("failed").Inc()
	}
}

// ReadBegan notes that a read of AWS was let through after the time that it waited.
func (m *Metrics) ReadBegan(service, region string, waited time.Duration, perSecond float64) {
	m.readWaits.WithLabelValues(service, region).Add(waited.Seconds())
	m.readRate.WithLabelValues(service, region).Set(perSecond)
}

// ReadEnded counts a read of AWS.
func (m *Metrics) ReadEnded(service, region string, throttled bool, perSecond float64) {
	outcome := "answered"
	if throttled {
		outcome = "throttled"
	}
	m.reads.WithLabelValues(service, region, outcome).Inc()
	m.readRate.WithLabelValues(service, region).Set(perSecond)
}

// SetBundle notes the revision of the policy bundle that decides.
func (m *Metrics) SetBundle(revision string) {
	m.bundleInfo.Reset()
	m.bundleInfo.WithLabelValues(revision).Set(1)
}

// SetDecisionLag notes how far the stream of decisions is behind.
func (m *Metrics) SetDecisionLag(lag time.Duration) { m.logLag.Set(lag.Seconds()) }

// CountDecisionUpload counts an upload of decisions to the sink.
func (m *Metrics) CountDecisionUpload(err error) {
	outcome := "taken"
	if err != nil {
		outcome = "failed"
	}
	m.logUploads.WithLabelValues(outcome).Inc()
}

// CountEventsSent counts events that were sent to a sink.
func (m *Metrics) CountEventsSent(sink string, events int, err error) {
	outcome := "taken"
	if err != nil {
		outcome = "failed"
	}
	m.passedOn.WithLabelValues(sink, outcome).Add(float64(events))
}

// CountWebhookAttempt counts an attempt to deliver to a webhook; outcome is
// "delivered" or "failed".
func (m *Metrics) CountWebhookAttempt(outcome string) { m.webhooks.WithLabelValues(outcome).Inc() }

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}
