package app

import (
	"net/url"
	"time"

	"github.com/aegisworld/aegis/internal/decisionlog"
	"github.com/aegisworld/aegis/policies/archive"
)

// PolicyConfig is the operators' bundle.
type PolicyConfig struct {
	// BundleDir runs on this host instead of whatever bundle was pushed.
	BundleDir string         `yaml:"bundle_dir"`
	Timeout   time.Duration  `yaml:"timeout"`
	Data      map[string]any `yaml:"data"`
	// Keys are those whose signatures count; while keys rotate, there are the
	// old one and the new one.
	Keys []PolicyKey `yaml:"keys"`
	// AllowUnsigned lets bundles without a signature run.
	AllowUnsigned bool `yaml:"allow_unsigned"`
	// Sources are where bundles are fetched from, beside those that are pushed.
	Sources   []PolicySource  `yaml:"sources"`
	Decisions DecisionsConfig `yaml:"decisions"`
}

// DecisionsConfig is for the log of decisions.
type DecisionsConfig struct {
	// Retention is how long they are kept, in whole months; 0 is for ever.
	Retention time.Duration `yaml:"retention"`
	// Sink takes them all, in OPA's upload format.
	Sink DecisionSink `yaml:"sink"`
}

// DecisionSink is a web server that takes decisions.
type DecisionSink struct {
	// URL is https:// or http://; "" is none.
	URL string `yaml:"url"`
	// TokenFile holds a bearer token.
	TokenFile string `yaml:"token_file"`
}

// sink makes the sink; nil is none.
func (c DecisionsConfig) sink(labels map[string]string) (*decisionlog.Sink, error) {
	if c.Sink.URL == "" {
		return nil, nil //nolint:nilnil // none is configured
	}
	return decisionlog.NewSink(decisionlog.Options{URL: c.Sink.URL, TokenFile: c.Sink.TokenFile, Labels: labels})
}

// defaultRetention keeps a year and a month.
const defaultRetention = 400 * 24 * time.Hour

// minRetention leaves something to replay.
const minRetention = 31 * 24 * time.Hour

func (c DecisionsConfig) check(bad func(format string, args ...any)) {
	if c.Retention != 0 && c.Retention < minRetention {
		bad("policy.decisions.retention: %s is less than %s; 0 keeps all", c.Retention, minRetention)
	}
	if _, err := c.sink(nil); err != nil {
		bad("policy.decisions.sink: %w", err)
	}
	if c.Sink.URL == "" && c.Sink.TokenFile != "" {
		bad("policy.decisions.sink.url: missing, although there is a token_file")
	}
}

// PolicyKey is a public key of who signs bundles.
type PolicyKey struct {
	// ID is the key id that signatures name.
	ID string `yaml:"id"`
	// File is a PEM.
	File string `yaml:"file"`
	// Algorithm is RS256, ES256 or EdDSA; "" is that of the kind of key.
	Algorithm string `yaml:"algorithm"`
	// Scope must be claimed by its signatures, if given.
	Scope string `yaml:"scope"`
}

// PolicySource is a place that bundles come from.
type PolicySource struct {
	// URL is file:///DIR, https://HOST/BUNDLE.tar.gz or
	// s3://BUCKET/KEY?region=REGION.
	URL string `yaml:"url"`
	// TokenFile holds a bearer token for an https source.
	TokenFile string `yaml:"token_file"`
	// Interval is the pause between two looks; 0 is 10 s.
	Interval time.Duration `yaml:"interval"`
}

func (c PolicyConfig) check(bad func(format string, args ...any)) {
	seen := map[string]bool{}
	for i, k := range c.Keys {
		if k.ID == "" || seen[k.ID] {
			bad("policy.keys[%d].id: %q is empty or named twice", i, k.ID)
		}
		seen[k.ID] = true
		if k.File == "" {
			bad("policy.keys[%d].file: a PEM file with a public key is needed", i)
		}
		switch k.Algorithm {
		case "", archive.RS256, archive.ES256, archive.EdDSA:
		default:
			bad("policy.keys[%d].algorithm: %q is none of RS256, ES256, EdDSA", i, k.Algorithm)
		}
	}
	for i, s := range c.Sources {
		u, err := url.Parse(s.URL)
		if err != nil || s.URL == "" {
			bad("policy.sources[%d].url: not a URL", i)
			continue
		}
		switch u.Scheme {
		case "file", "s3", "http", "https":
		default:
			bad("policy.sources[%d].url: %q is none of file, s3, http, https", i, u.Scheme)
		}
		if s.Interval < 0 {
			bad("policy.sources[%d].interval: %s is negative", i, s.Interval)
		}
	}
	if len(c.Sources) > 0 && len(c.Keys) == 0 && !c.AllowUnsigned {
		bad("policy.keys: sources need the key that signs their bundles, or policy.allow_unsigned")
	}
	c.Decisions.check(bad)
	if c.Timeout < 0 {
		bad("policy.timeout: %s is negative", c.Timeout)
	}
}
