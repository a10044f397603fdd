package searchindex_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/searchindex"
	"github.com/aegisworld/aegis/internal/searchindex/searchtest"
)

var noon = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func at(seq int64, day time.Time, data string) aegis.Event {
	return aegis.Event{Seq: seq, Kind: "goal", ID: "g", Type: "goal.accepted", At: day, Data: json.RawMessage(data)}
}

// TestOldDaysGo holds that old indices of the environment go, that no other does,
// and that events of days that are gone make no index again.
func TestOldDaysGo(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	now := noon
	index := openIndex(t, server, func(o *searchindex.Options) { o.RetentionDays, o.Now = 3, func() time.Time { return now } })
	others := []string{"aegis.prod-2.events-2026.03.01", "aegis.prod.events-notes", "logs-2026.03.01"}
	for _, name := range append([]string{"aegis.prod.events-2026.03.28", "aegis.prod.traces-2025.12.31"}, others...) {
		server.Make(name)
	}
	require.NoError(t, index.Send(t.Context(), []aegis.Event{
		at(1, noon.AddDate(0, 0, -3), `{}`), at(2, noon.AddDate(0, 0, -2), `{}`), at(3, noon, `{}`),
	}))
	require.Equal(t, append([]string{"aegis.prod-2.events-2026.03.01", "aegis.prod.events-2026.03.29", "aegis.prod.events-2026.03.31"}, others[1:]...), server.Indices())
	now = noon.AddDate(0, 0, 1)
	require.NoError(t, index.Send(t.Context(), []aegis.Event{at(4, now, `{}`)}))
	require.Equal(t, append([]string{"aegis.prod-2.events-2026.03.01", "aegis.prod.events-2026.03.31", "aegis.prod.events-2026.04.01"}, others[1:]...), server.Indices())
}

// TestEnvironmentsShareADomain holds that no name of one matches another's
// patterns, which OpenSearch refuses.
func TestEnvironmentsShareADomain(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	for _, environment := range []string{"prod", "prod-events", "prod-2"} {
		index := openIndex(t, server, func(o *searchindex.Options) { o.Environment = environment })
		require.NoError(t, index.Send(t.Context(), []aegis.Event{at(1, time.Now(), `{}`)}))
		require.Len(t, server.Documents("aegis."+environment+".events-*"), 1)
	}
}

func TestWhatComesTwiceIsThereOnce(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	index := openIndex(t, server, func(o *searchindex.Options) { o.Now = func() time.Time { return noon } })
	lost := true
	server.Fail(func(request string) int {
		if strings.HasSuffix(request, "/_bulk") && lost {
			lost = false
			return http.StatusGatewayTimeout // after it was done
		}
		return 0
	})
	events := []aegis.Event{at(1, noon, `{}`), at(2, noon, `{}`)}
	require.ErrorIs(t, index.Send(t.Context(), events), aegis.ErrUnavailable)
	require.NoError(t, index.Send(t.Context(), events))
	require.Len(t, server.Documents("aegis.prod.events-*"), 2)
}

// TestRefusalsTellNothing holds that neither a refused request nor a refused
// document quotes a document in its error, and that all comes again.
func TestRefusalsTellNothing(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			server := searchtest.Start(t)
			index := openIndex(t, server, func(o *searchindex.Options) { o.Now = func() time.Time { return noon } })
			events := []aegis.Event{at(1, noon, `{"a":"`+secret+`"}`), at(2, noon, `{"a":"`+secret+`"}`)}
			refuse := func(request string) int {
				if strings.HasSuffix(request, "/_bulk") {
					return status
				}
				return 0
			}
			server.Fail(refuse)
			err := index.Send(t.Context(), events)
			require.ErrorIs(t, err, aegis.ErrUnavailable)
			require.ErrorContains(t, err, fmt.Sprint(status))
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), searchtest.SecretKey)
			server.Fail(nil)
			server.FailItem(func(_, id string) int {
				if id == "2" {
					return status
				}
				return 0
			})
			err = index.Send(t.Context(), events)
			require.ErrorIs(t, err, aegis.ErrUnavailable)
			require.ErrorContains(t, err, `document "2"`)
			require.NotContains(t, err.Error(), secret)
			server.FailItem(nil)
			require.NoError(t, index.Send(t.Context(), events))
			require.Len(t, server.Documents("aegis.prod.events-*"), 2)
		})
	}
}

// TestTemplatesComeFirst holds that nothing is indexed while templates are
// refused, and that indices which can't be removed hold nothing up.
func TestTemplatesComeFirst(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	var log bytes.Buffer
	index := openIndex(t, server, func(o *searchindex.Options) {
		o.Now, o.Logger = func() time.Time { return noon }, slog.New(slog.NewTextHandler(&log, nil))
	})
	server.Fail(func(request string) int {
		if strings.HasPrefix(request, "PUT /_index_template/") {
			return http.StatusForbidden
		}
		return 0
	})
	require.ErrorIs(t, index.Send(t.Context(), []aegis.Event{at(1, noon, `{}`)}), aegis.ErrUnavailable)
	require.Empty(t, server.Indices())
	server.Fail(func(request string) int {
		if strings.HasPrefix(request, "GET /_cat/") {
			return http.StatusForbidden
		}
		return 0
	})
	require.NoError(t, index.Send(t.Context(), []aegis.Event{at(1, noon, `{}`)}))
	require.Contains(t, log.String(), "old telemetry is not removed")
}

// TestRequestsAreBounded holds that large events are cut to what the API can tell
// more of, and that many of them are sent in several requests.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	index := openIndex(t, server, func(o *searchindex.Options) { o.Now = func() time.Time { return noon } })
	events := []aegis.Event{at(1, noon, `"`+strings.Repeat("x", 1<<20)+`"`)}
	for seq := int64(2); seq < 40; seq++ {
		events = append(events, at(seq, noon, `"`+strings.Repeat("y", 200<<10)+`"`))
	}
	require.NoError(t, index.Send(t.Context(), events))
	found := server.Documents("aegis.prod.events-*")
	require.Len(t, found, len(events))
	require.Equal(t, `{"truncated":true,"bytes":1048578}`, found["1"]["text"])
	bulks := slices.DeleteFunc(server.Requests(), func(request string) bool { return !strings.HasSuffix(request, "/_bulk") })
	require.Len(t, bulks, 4, "15 MiB")
}

func TestADomainThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	index := openIndex(t, server, func(o *searchindex.Options) { o.URL = "http://127.0.0.1:1" })
	require.ErrorIs(t, index.Send(t.Context(), []aegis.Event{at(1, noon, `{}`)}), aegis.ErrUnavailable)
	require.Empty(t, server.Requests())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, index.Send(ctx, []aegis.Event{at(1, noon, `{}`)}), aegis.ErrUnavailable)
}

// lost is a history that can't be read.
type lost struct{ err error }

func (l lost) ChangeSet(context.Context, string) (aegis.AutonomousChangeSet, error) {
	return aegis.AutonomousChangeSet{}, l.err
}

func (l lost) Trace(context.Context, string) (aegis.TaskTrace, error) {
	return aegis.TaskTrace{}, l.err
}

func (l lost) Decision(context.Context, string) (aegis.Decision, error) {
	return aegis.Decision{}, l.err
}

func TestAHistoryThatCannotBeReadHoldsUp(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	event := aegis.Event{Seq: 1, Kind: "change_set", ID: "cs-1", Type: "change_set.promoted", At: time.Now(), Data: json.RawMessage(`{}`)}
	broken := errors.New("the database is away")
	index := openIndex(t, server, func(o *searchindex.Options) { o.History = lost{broken} })
	require.ErrorIs(t, index.Send(t.Context(), []aegis.Event{event}), broken)
	require.Empty(t, server.Documents("*"))
	index = openIndex(t, server, func(o *searchindex.Options) { o.History = lost{aegis.ErrNotFound} })
	require.NoError(t, index.Send(t.Context(), []aegis.Event{event}), "what is gone is left out")
	require.Len(t, server.Documents("*"), 1)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://search.internal", "https://10.0.0.1:9200/", "http://127.0.0.1:9200", "http://localhost:9200"} {
		require.NoError(t, searchindex.Check(good), good)
	}
	for bad, why := range map[string]string{
		"http://search.internal": "without TLS", "https://user:hunter2@search.internal": "credentials", "https://search.internal/prod": "without a path",
		"https://": "give https://HOST", "search.internal": "give https://HOST", "https://search.internal/?a=b": "give https://HOST", "%zz": "give https://HOST",
	} {
		err := searchindex.Check(bad)
		require.ErrorIs(t, err, aegis.ErrInvalid, bad)
		require.ErrorContains(t, err, why)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.Equal(t, "eu-west-1", searchindex.Region("https://vpc-aegis-prod-logs-abc123.eu-west-1.es.amazonaws.com"))
	require.Empty(t, searchindex.Region("https://search.internal"))
}

// TestAnyEventIsIndexed holds that whatever an event says fits the mapping.
func TestAnyEventIsIndexed(t *testing.T) {
	t.Parallel()
	server := searchtest.Start(t)
	index := openIndex(t, server, func(o *searchindex.Options) { o.Now = func() time.Time { return noon } })
	rapid.Check(t, func(r *rapid.T) {
		data, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Just(any(nil)), rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Map(rapid.SliceOf(rapid.Bool()), func(b []bool) any { return b }),
		)).Draw(r, "data"))
		require.NoError(r, err)
		event := aegis.Event{
			Seq: rapid.Int64Min(1).Draw(r, "seq"), Kind: rapid.String().Draw(r, "kind"), ID: rapid.String().Draw(r, "id"), Type: rapid.String().Draw(r, "type"),
			At: noon.Add(time.Duration(rapid.Int64Range(0, int64(11*time.Hour)).Draw(r, "at"))), Data: data,
		}
		require.NoError(r, index.Send(context.Background(), []aegis.Event{event}))
		require.Contains(r, server.Documents("aegis.prod.events-2026.03.31"), fmt.Sprint(event.Seq))
	})
}
