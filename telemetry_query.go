package aegis

import "time"

// LogQuery asks for the newest events of a log group of CloudWatch.
type LogQuery struct {
	Region string
	Group  string
	// Filter is a filter pattern of CloudWatch Logs, "" for all.
	Filter       string
	Since, Until time.Time
	// Limit is the most events.
	Limit int
}

// LogEvent is what a program wrote: hostile data.
type LogEvent struct {
	At      time.Time
	Stream  string
	Message string
}

// MetricQuery asks for the values of a metric of CloudWatch.
type MetricQuery struct {
	Region     string
	Namespace  string
	Metric     string
	Dimensions map[string]string
	// Statistic is CloudWatch's, such as "Average" or "p99".
	Statistic    string
	Period       time.Duration
	Since, Until time.Time
}

// MetricPoint is the value of a period that begins at At.
type MetricPoint struct {
	At    time.Time
	Value float64
}
