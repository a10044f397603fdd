package searchindex

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-go/v4"
	"github.com/opensearch-project/opensearch-go/v4/opensearchapi"
	"github.com/opensearch-project/opensearch-go/v4/signer"

	"github.com/aegisworld/aegis"
)

// upkeep is the pause between looks at templates and old indices.
const upkeep = time.Hour

// Options say which OpenSearch, and what of it.
type Options struct {
	// URL is https://HOST, or http:// on this machine.
	URL string
	// Signer signs each request.
	Signer signer.Signer
	// Environment is in the names of the indices: aegis.ENVIRONMENT.KIND-DAY.
	Environment string
	// RetentionDays is how many days are kept, today's among them.
	RetentionDays int
	History       history
	Logger        *slog.Logger
	Now           func() time.Time
}

// Index puts events, and what they tell the end of, into OpenSearch. It is a sink
// of the stream of events; its methods may be called at once.
type Index struct {
	options Options
	client  *opensearchapi.Client

	mu     sync.Mutex
	upkept time.Time
}

// Open prepares the use of an OpenSearch; it does not connect.
func Open(o Options) (*Index, error) {
	if err := Check(o.URL); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, aegis.Invalid("opensearch", "can't be used as an address")
	}
	client := &opensearch.Client{Transport: newDirect(base, o.Signer)}
	return &Index{options: o, client: opensearchapi.NewFromClient(client)}, nil
}

// Close ends the connections.
func (x *Index) Close() error { return x.client.Close() }

// prefix begins the names of the environment's indices. Environments have no
// dots, so that no pattern of one takes in the indices of another.
func (x *Index) prefix() string { return "aegis." + x.options.Environment + "." }

const dayForm = "2006.01.02"

func (x *Index) indexOf(d document) string { return x.prefix() + d.kind + "-" + d.day.Format(dayForm) }

// oldest is the first day that is kept.
func (x *Index) oldest() time.Time {
	return x.options.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-x.options.RetentionDays)
}

// prepare puts the templates and removes old indices, once in a while; sending
// waits for the first time.
func (x *Index) prepare(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.options.Now()
	if !x.upkept.IsZero() && now.Sub(x.upkept) < upkeep {
		return nil
	}
	for kind, fields := range mappings() {
		name := x.prefix() + kind
		body, err := templateBody(name+"-*", fields)
		if err != nil {
			return err
		}
		if _, err := x.client.IndexTemplate.Create(ctx, opensearchapi.IndexTemplateCreateReq{IndexTemplate: name, Body: body}); err != nil {
			return unavailable("put index template "+name, err)
		}
	}
	x.upkept = now
	if err := x.removeOld(ctx); err != nil {
		x.options.Logger.WarnContext(ctx, "old telemetry is not removed", "error", err)
	}
	return nil
}

// removeOld removes the indices of days that are no longer kept.
func (x *Index) removeOld(ctx context.Context) error {
	found, err := x.client.Cat.Indices(ctx, &opensearchapi.CatIndicesReq{
		Indices: []string{x.prefix() + "*"}, Params: opensearchapi.CatIndicesParams{H: []string{"index"}},
	})
	if err != nil {
		return unavailable("list indices", err)
	}
	oldest := x.oldest()
	for _, index := range found.Indices {
		day, ok := x.dayOf(index.Index)
		if !ok || !day.Before(oldest) {
			continue
		}
		if _, err := x.client.Indices.Delete(ctx, opensearchapi.IndicesDeleteReq{Indices: []string{index.Index}}); err != nil {
			return unavailable("remove index "+index.Index, err)
		}
	}
	return nil
}

// dayOf is the day of an index of the environment; false for any other.
func (x *Index) dayOf(index string) (time.Time, bool) {
	for kind := range mappings() {
		if text, ok := strings.CutPrefix(index, x.prefix()+kind+"-"); ok {
			day, err := time.Parse(dayForm, text)
			return day, err == nil
		}
	}
	return time.Time{}, false
}
