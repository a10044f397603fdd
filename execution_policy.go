package aegis

// ExecutionPolicy is the envelope in which a change set, a goal or an agent
// acts. The gate grants it; the executor's credentials are narrowed to it.
type ExecutionPolicy struct {
	// ToolAllowances maps a tool to the number of calls allowed; -1 is no limit.
	ToolAllowances map[string]int `json:"tool_allowances"`
	ResourceLimits ResourceLimits `json:"resource_limits"`
	NetworkScope   NetworkScope   `json:"network_scope"`
	DataScope      DataScope      `json:"data_scope"`
	RollbackPolicy RollbackPolicy `json:"rollback_policy"`
}

// ResourceLimits bound what one change may touch and take; zero is no limit.
type ResourceLimits struct {
	MaxChanges      int     `json:"max_changes,omitempty"`
	MaxDeletes      int     `json:"max_deletes,omitempty"`
	MaxDurationSecs int     `json:"max_duration_seconds,omitempty"`
	MaxUSDMonth     float64 `json:"max_usd_month,omitempty"`
}

// NetworkScope says where calls may go.
type NetworkScope struct {
	// Regions are AWS regions, such as "eu-west-1".
	Regions []string `json:"regions,omitempty"`
	// Services are AWS service prefixes, such as "ec2" or "autoscaling".
	Services []string `json:"services,omitempty"`
	// Hosts are host names outside AWS.
	Hosts []string `json:"hosts,omitempty"`
}

// DataScope says which data may be read and written.
type DataScope struct {
	// StackIDs are the stacks whose specs and state may be read.
	StackIDs []string `json:"stack_ids,omitempty"`
	// Secrets says whether secret values may be resolved by the engine.
	Secrets bool `json:"secrets"`
}

// RollbackPolicy says what happens when a change does not hold.
type RollbackPolicy struct {
	// Automatic applies the judged inverse without asking.
	Automatic bool `json:"automatic"`
	// SoakSeconds is how long checks must stay green after an apply.
	SoakSeconds int `json:"soak_seconds"`
	// Canary says that one region is tried first.
	Canary bool `json:"canary"`
	// Breaker says when changes that keep failing stop a stack.
	Breaker BreakerPolicy `json:"breaker,omitzero"`
}

// BreakerPolicy opens the breaker of a stack, for OpenSeconds, once so many of
// its changes failed or were rolled back within the window; without Failures,
// never.
type BreakerPolicy struct {
	Failures      int `json:"failures"`
	WindowSeconds int `json:"window_seconds"`
	OpenSeconds   int `json:"open_seconds"`
}
