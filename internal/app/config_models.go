package app

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
)

// ModelsConfig says which language models may be asked, and for how much money.
// Without models there is none, and nothing needs one.
type ModelsConfig struct {
	Providers []ModelProviderConfig `yaml:"providers"`
	Models    []ModelConfig         `yaml:"models"`
	Limits    ModelLimitsConfig     `yaml:"limits"`
}

// ModelProviderConfig is a vendor, or a server that speaks its protocol.
type ModelProviderConfig struct {
	Name string `yaml:"name"`
	// Kind is anthropic, openai or bedrock.
	Kind string `yaml:"kind"`
	// BaseURL is the server; "" is the vendor's. That of a local server that speaks
	// OpenAI's protocol ends in /v1, as a rule.
	BaseURL string `yaml:"base_url"`
	// Region is for bedrock.
	Region string `yaml:"region"`
	// APIKeyFile holds the API key; it is read at each call. Bedrock without one
	// signs with the base identity.
	APIKeyFile string `yaml:"api_key_file"`
}

// ModelConfig is one model of a provider.
type ModelConfig struct {
	// Provider is the name of one of ModelsConfig.Providers.
	Provider string `yaml:"provider"`
	// ID is the provider's name of the model.
	ID string `yaml:"id"`
	// Kinds are the task kinds that it is for; empty is all but embed. The first model
	// that names embed makes the vectors of memories, and no other does.
	Kinds []string `yaml:"kinds"`
	// Scopes are the data scopes that it may see; empty is all.
	Scopes []string `yaml:"scopes"`
	// Price goes before the shipped price table; models that are not in the table
	// need it.
	Price *ModelPriceConfig `yaml:"price"`
	// RPM is the most calls a minute of each process; 0 does not limit them.
	RPM int `yaml:"rpm"`
	// Timeout is the longest call; 0 is a minute.
	Timeout time.Duration `yaml:"timeout"`
}

// ModelPriceConfig is in US dollars for a million tokens.
type ModelPriceConfig struct {
	InputUSD  float64 `yaml:"input_usd"`
	OutputUSD float64 `yaml:"output_usd"`
	// Window is the most tokens of a request and its answer together.
	Window int `yaml:"window"`
}

// ModelLimitsConfig is in US dollars. Below zero is no limit; 0 is no money.
type ModelLimitsConfig struct {
	GoalUSD float64 `yaml:"goal_usd"`
	// SubmitterUSD is for each submitter, a month.
	SubmitterUSD float64 `yaml:"submitter_usd"`
	DayUSD       float64 `yaml:"day_usd"`
	MonthUSD     float64 `yaml:"month_usd"`
}

func defaultModels() ModelsConfig {
	return ModelsConfig{Limits: ModelLimitsConfig{GoalUSD: 5, SubmitterUSD: 100, DayUSD: 50, MonthUSD: 500}}
}

const (
	maxModelTimeout = 10 * time.Minute
	maxModelUSD     = 1e9
	maxPriceUSD     = 1e5
)

var providerPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func (c ModelsConfig) check(bad func(format string, args ...any)) {
	kinds := map[string]string{}
	for i, p := range c.Providers {
		p.check(fmt.Sprintf("models.providers[%d]", i), bad)
		if _, twice := kinds[p.Name]; twice {
			bad("models.providers[%d].name: %q is there twice", i, p.Name)
		}
		kinds[p.Name] = p.Kind
	}
	prices, err := model.Prices()
	if err != nil {
		bad("models: %w", err)
	}
	seen := map[string]bool{}
	for i, m := range c.Models {
		at := fmt.Sprintf("models.models[%d]", i)
		kind, known := kinds[m.Provider]
		if !known {
			bad("%s.provider: %q is none of models.providers", at, m.Provider)
		}
		if key := m.Provider + "/" + m.ID; seen[key] {
			bad("%s.id: %q of %q is there twice", at, m.ID, m.Provider)
		} else {
			seen[key] = true
		}
		m.check(at, prices, bad)
		if m.embeds() {
			m.checkEmbed(at, kind, m.price(prices), bad)
		}
	}
	c.Limits.check(bad)
}

func (p ModelProviderConfig) check(at string, bad func(format string, args ...any)) {
	if !providerPattern.MatchString(p.Name) {
		bad("%s.name: %q must match %s", at, p.Name, providerPattern)
	}
	if !slices.Contains(models.Kinds(), p.Kind) {
		bad("%s.kind: %q is none of %s", at, p.Kind, strings.Join(models.Kinds(), ", "))
	}
	if p.BaseURL != "" {
		p.checkURL(at, bad)
	}
	if p.Kind == models.Bedrock && !regionPattern.MatchString(p.Region) {
		bad("%s.region: %q is no AWS region", at, p.Region)
	}
	if p.Kind != models.Bedrock && p.Region != "" {
		bad("%s.region: only bedrock has regions", at)
	}
	if p.APIKeyFile == "" && (p.Kind == models.Anthropic || p.Kind == models.OpenAI && p.BaseURL == "") {
		bad("%s.api_key_file: missing; name a file that holds the API key", at)
	}
}

// checkURL keeps keys from the network in plain text.
func (p ModelProviderConfig) checkURL(at string, bad func(format string, args ...any)) {
	u, err := url.Parse(p.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		bad("%s.base_url: not an http:// or https:// URL without user and query", at) // the cause could show a password
		return
	}
	host, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && host.IsLoopback()
	if u.Scheme == "http" && !here && p.APIKeyFile != "" {
		bad("%s.base_url: an API key goes to another machine by https only", at)
	}
}

func (m ModelConfig) check(at string, prices map[string]model.Price, bad func(format string, args ...any)) {
	if m.ID == "" || len(m.ID) > 256 {
		bad("%s.id: name the model as its provider does", at)
	}
	if slices.Contains(m.Kinds, "") {
		bad("%s.kinds: a kind is empty", at)
	}
	if slices.Contains(m.Scopes, "") {
		bad("%s.scopes: a scope is empty", at)
	}
	if _, known := prices[m.ID]; !known && m.Price == nil {
		bad("%s.price: %q is not in the price table; give input_usd, output_usd and window", at, m.ID)
	}
	if p := m.Price; p != nil {
		if !(p.InputUSD >= 0 && p.InputUSD <= maxPriceUSD) || !(p.OutputUSD >= 0 && p.OutputUSD <= maxPriceUSD) {
			bad("%s.price: input_usd and output_usd are 0 to %g", at, maxPriceUSD)
		}
		if p.Window < 1 {
			bad("%s.price.window: give the model's context window in tokens", at)
		}
	}
	if m.RPM < 0 {
		bad("%s.rpm: %d is negative", at, m.RPM)
	}
	if m.Timeout < 0 || m.Timeout > maxModelTimeout {
		bad("%s.timeout: %s is not between 0 and %s", at, m.Timeout, maxModelTimeout)
	}
}

func (l ModelLimitsConfig) check(bad func(format string, args ...any)) {
	for name, usd := range map[string]float64{
		"goal_usd": l.GoalUSD, "submitter_usd": l.SubmitterUSD, "day_usd": l.DayUSD, "month_usd": l.MonthUSD,
	} {
		if !(usd <= maxModelUSD) { // NaN, too
			bad("models.limits.%s: %v is no amount up to %g; below 0 is no limit", name, usd, maxModelUSD)
		}
	}
}

func (l ModelLimitsConfig) limits() model.Limits {
	micros := func(usd float64) int64 {
		if usd < 0 {
			return model.NoLimit
		}
		return int64(usd * 1e6)
	}
	return model.Limits{
		GoalMicros: micros(l.GoalUSD), SubmitterMicros: micros(l.SubmitterUSD), DayMicros: micros(l.DayUSD), MonthMicros: micros(l.MonthUSD),
	}
}
