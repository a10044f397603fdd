package models

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

// The kinds of providers.
const (
	Anthropic = "anthropic"
	OpenAI    = "openai"
	Bedrock   = "bedrock"
)

// Kinds lists the kinds of providers.
func Kinds() []string { return []string{Anthropic, OpenAI, Bedrock} }

// Options configure a provider.
type Options struct {
	// Name is what the configuration calls it.
	Name string
	// BaseURL is its server; "" is the vendor's own.
	BaseURL string
	// Region is for Bedrock.
	Region string
	// Key returns the API key, at each call; nil sends none, and Bedrock then signs
	// with Credentials.
	Key func() (string, error)
	// Credentials are AWS's, for Bedrock.
	Credentials func(ctx context.Context) (aegis.Credentials, error)
}

// New returns a provider of a kind.
func New(kind string, o Options) (model.Provider, error) {
	switch kind {
	case Anthropic:
		return NewAnthropic(o)
	case OpenAI:
		return NewOpenAI(o)
	case Bedrock:
		return NewBedrock(o)
	default:
		return nil, fmt.Errorf("provider %s: %q is no kind, give one of %v", o.Name, kind, Kinds())
	}
}

// key reads the API key; "" when there is none.
func (o Options) key() (string, error) {
	if o.Key == nil {
		return "", nil
	}
	key, err := o.Key()
	if err != nil {
		return "", &model.CallError{Kind: model.ErrRejected, Detail: fmt.Sprintf("provider %s: its API key can't be read: %s", o.Name, err), Unpaid: true}
	}
	return key, nil
}

// base is the provider's server.
func (o Options) base(vendor string) (*url.URL, error) {
	text := o.BaseURL
	if text == "" {
		text = vendor
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("provider %s: base_url is no http or https URL", o.Name)
	}
	return u, nil
}
