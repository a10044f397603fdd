package aegis

// ModelState says whether a model may be asked now.
type ModelState string

// The states of models.
const (
	ModelReady ModelState = "ready"
	// ModelResting is one whose provider asked to wait, ModelOpen one whose breaker
	// is open.
	ModelResting ModelState = "resting"
	ModelOpen    ModelState = "open"
)

// Model is a configured model, and what one worker has seen of it.
type Model struct {
	// Name is the provider's name of the configuration, a slash, and the model's id.
	Name string `json:"name"`
	// Kinds are the tasks and Scopes the data that it is for; empty is all.
	Kinds  []string `json:"kinds"`
	Scopes []string `json:"scopes"`
	// InputUSD and OutputUSD are US dollars for a million tokens, PriceDate and
	// PriceSource when and where that was read.
	InputUSD    float64 `json:"input_usd"`
	OutputUSD   float64 `json:"output_usd"`
	PriceDate   string  `json:"price_date,omitempty"`
	PriceSource string  `json:"price_source"`
	// Window is the most tokens of a question and its answer.
	Window int `json:"window"`
	// RPM is the most calls a minute; 0 does not limit them.
	RPM   int        `json:"rpm"`
	State ModelState `json:"state"`
	// Calls counts answers; LatencyMS is their moving average in milliseconds, and
	// ErrorRate that of calls without one, 0 to 1.
	Calls     int     `json:"calls"`
	LatencyMS int64   `json:"latency_ms"`
	ErrorRate float64 `json:"error_rate"`
}
