package bundles_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/bundles"
)

func web(t *testing.T, o bundles.WebOptions, h http.HandlerFunc) bundles.Fetch {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	o.URL = srv.URL + "/b.tar.gz?key=secret"
	if o.MaxBytes == 0 {
		o.MaxBytes = 100
	}
	fetch, err := bundles.Web(o)
	require.NoError(t, err)
	return fetch
}

func TestWeb(t *testing.T) {
	t.Parallel()
	t.Run("asks for what is newer than its ETag, and to be told when there is", func(t *testing.T) {
		t.Parallel()
		fetch := web(t, bundles.WebOptions{}, func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Prefer"), "wait=60") || r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"1"`)
			_, _ = w.Write([]byte("archive"))
		})
		archive, version, err := fetch(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, "archive", string(archive))
		archive, version, err = fetch(t.Context(), version)
		require.NoError(t, err)
		require.Nil(t, archive)
		require.Equal(t, `"1"`, version)
	})
	t.Run("reads its token anew for each request", func(t *testing.T) {
		t.Parallel()
		var seen atomic.Value
		file := filepath.Join(t.TempDir(), "token")
		fetch := web(t, bundles.WebOptions{TokenFile: file}, func(_ http.ResponseWriter, r *http.Request) {
			seen.Store(r.Header.Get("Authorization"))
		})
		for _, token := range []string{"one", "two"} {
			require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
			_, _, err := fetch(t.Context(), "")
			require.NoError(t, err)
			require.Equal(t, "Bearer "+token, seen.Load())
		}
	})
	t.Run("says what is wrong without the URL's parameters", func(t *testing.T) {
		t.Parallel()
		for name, h := range map[string]http.HandlerFunc{
			"404":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
			"302":                  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
			"larger than 100":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 101)) },
			"fetch policy bundle ": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		} {
			_, _, err := web(t, bundles.WebOptions{}, h)(t.Context(), "")
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "secret")
		}
	})
	t.Run("refuses URLs that are none, or that hold credentials", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{"", "ftp://x/y", "https://u:p@example.com/b", "https://"} {
			_, err := bundles.Web(bundles.WebOptions{URL: address})
			require.Error(t, err, address)
			require.NotContains(t, err.Error(), "u:p")
		}
	})
}
