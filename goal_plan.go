package aegis

import "time"

// TaskState is where a task of a goal stands.
type TaskState string

// The task states; the last four are terminal.
const (
	// TaskWaiting is a task that needs others first.
	TaskWaiting   TaskState = "waiting"
	TaskRunning   TaskState = "running"
	TaskSucceeded TaskState = "succeeded"
	TaskFailed    TaskState = "failed"
	TaskDenied    TaskState = "denied"
	// TaskSkipped is a task that another's end made pointless.
	TaskSkipped TaskState = "skipped"
)

// Terminal says that the state never changes again.
func (s TaskState) Terminal() bool {
	switch s {
	case TaskSucceeded, TaskFailed, TaskDenied, TaskSkipped:
		return true
	case TaskWaiting, TaskRunning:
		return false
	default:
		return false
	}
}

// Task is one node of the graph of what a goal takes: one change set.
type Task struct {
	// TaskID is the task's within its goal, such as "1.2.edge": of the first plan,
	// the second phase, layer edge.
	TaskID  string `json:"task_id"`
	Summary string `json:"summary"`
	// Agent is the specialist of the ensemble that carries it out, by the layer that it
	// knows.
	Agent string `json:"agent,omitempty"`
	// DependsOn are the tasks that have to succeed first.
	DependsOn []string    `json:"depends_on"`
	State     TaskState   `json:"state"`
	Patches   []SpecPatch `json:"patches"`
	// EstimatedUSDMonth is by how much the planner thinks a month costs more, in US
	// dollars; the change set has the engine's figure.
	EstimatedUSDMonth float64 `json:"estimated_usd_month"`
	// BudgetUSDMonth is its share of the goal's budget, in US dollars a month: what the
	// goal's other tasks are thought to leave of it. Nil is no limit.
	BudgetUSDMonth *float64 `json:"budget_usd_month,omitempty"`
	// DueAt is when it has to have ended for the tasks after it to have as much time as
	// it had, until the goal's deadline. Only that is enforced.
	DueAt       *time.Time `json:"due_at,omitempty"`
	ChangeSetID string     `json:"change_set_id,omitempty"`
	Error       string     `json:"error,omitempty"`
	StartedAt   *time.Time `json:"started_at,omitempty"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
}

// The roles in an ensemble.
const (
	AgentPlans       = "planner"
	AgentSpecialises = "specialist"
	AgentCriticises  = "critic"
)

// GoalAgent is one of those that work on a goal.
type GoalAgent struct {
	// Name is that of the agent that plans, the layer that a specialist knows, or the
	// model that criticises.
	Name string `json:"name"`
	Role string `json:"role"`
	// Layers and Regions are all that its change sets may be about.
	Layers  []string `json:"layers"`
	Regions []string `json:"regions"`
}

// GoalOption is one way of reaching a goal that was weighed.
type GoalOption struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	// EstimatedUSDMonth is by how much a month would cost more, in US dollars.
	EstimatedUSDMonth float64 `json:"estimated_usd_month"`
	// Lacks is what it leaves undone.
	Lacks  []string `json:"lacks,omitempty"`
	Chosen bool     `json:"chosen"`
	// Rejected says why it was not chosen.
	Rejected string `json:"rejected,omitempty"`
	// Past says what came of it when a goal of the last 90 days took it.
	Past string `json:"past,omitempty"`
}

// GoalReading is how a model said a goal again, in the planner's words.
type GoalReading struct {
	Sentences []string `json:"sentences"`
	// Draft is what it said before it looked into the estate: sentences with blanks,
	// such as "keep old versions in the <bucket> bucket for 60 days". Values fill them.
	Draft  []string          `json:"draft,omitempty"`
	Values map[string]string `json:"values,omitempty"`
	Model  string            `json:"model"`
	// CostUSD is what asking it cost, in US dollars.
	CostUSD float64 `json:"cost_usd"`
	// Critique is a critic's view of the sentences; nil before one was asked.
	Critique *GoalCritique `json:"critique,omitempty"`
	// Fault says why there are no sentences.
	Fault string `json:"fault,omitempty"`
}

// GoalCritique is what a second model says of a reading.
type GoalCritique struct {
	Model string `json:"model,omitempty"`
	// CostUSD is what asking it cost, in US dollars.
	CostUSD float64 `json:"cost_usd"`
	// Objection says in what the sentences are not what the goal asks; "" is that they
	// are. Fault says why it could not be asked.
	Objection string `json:"objection,omitempty"`
	Fault     string `json:"fault,omitempty"`
}

// Judge adds what a critic says; an objection is the reading's fault.
func (r *GoalReading) Judge(c GoalCritique) {
	r.Critique, r.CostUSD = &c, r.CostUSD+c.CostUSD
	if c.Objection != "" {
		r.Fault = "a critic, " + c.Model + ", objects: " + c.Objection
	}
}

// Open says that blanks are still to be filled.
func (r *GoalReading) Open() bool {
	return r != nil && len(r.Draft) > 0 && len(r.Sentences) == 0 && r.Fault == ""
}

// GoalPlan is what a goal comes to.
type GoalPlan struct {
	// Plans counts the plans that were made: a second one when the first was denied
	// or rolled back and there is another way.
	Plans int `json:"plans"`
	// Reading is how a model said the intent again; nil when none was asked.
	Reading *GoalReading `json:"reading,omitempty"`
	Options []GoalOption `json:"options,omitempty"`
	// Ensemble are who works on it.
	Ensemble []GoalAgent `json:"ensemble,omitempty"`
	Tasks    []Task      `json:"tasks"`
}

// GoalResult is what came of a goal.
type GoalResult struct {
	// Achieved has a sentence for each change that was promoted, Lacks what remains
	// undone.
	Achieved []string `json:"achieved"`
	Lacks    []string `json:"lacks,omitempty"`
	// USDMonth is by how much a month costs more now, in US dollars, by the plans
	// that were applied; USDRun what reaching the goal cost itself.
	USDMonth float64 `json:"usd_month"`
	USDRun   float64 `json:"usd_run"`
	// CostUnknown lists resources whose price is not known.
	CostUnknown []string `json:"cost_unknown,omitempty"`
}

// GoalPreview is what a goal would come to if it were submitted now.
type GoalPreview struct {
	// Understanding says how the intent was read; Error why nothing would be done.
	Understanding string   `json:"understanding"`
	Error         string   `json:"error,omitempty"`
	Plan          GoalPlan `json:"plan"`
	// Trials are those of the plan's tasks, in its order.
	Trials []Trial `json:"trials"`
}

// Allowed says that all of it could go ahead.
func (p GoalPreview) Allowed() bool {
	for _, t := range p.Trials {
		if len(t.Denials) > 0 || t.Error != "" {
			return false
		}
	}
	return p.Error == ""
}

// Trial is what the door would say of a change set now. A task that waits for
// others has none before they are done.
type Trial struct {
	TaskID string           `json:"task_id"`
	Diff   []ResourceChange `json:"diff"`
	// CostDeltaUSDMonth is by how much a month would cost more, in US dollars, for
	// the resources whose price is known.
	CostDeltaUSDMonth float64      `json:"cost_delta_usd_month"`
	CostUnknown       []string     `json:"cost_unknown,omitempty"`
	RiskScore         int          `json:"risk_score"`
	Denials           []RuleResult `json:"denials"`
	Warnings          []RuleResult `json:"warnings"`
	// Waits says that it can't be planned before the tasks that it depends on.
	Waits bool `json:"waits,omitempty"`
	// Error says why it could not be planned.
	Error string `json:"error,omitempty"`
}
