package cloud

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/away":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	private := newProber(true)
	message, err := private.get(t.Context(), server.URL+"/healthz")
	require.NoError(t, err)
	require.Equal(t, "answered 200 OK", message)
	for path, fault := range map[string]string{"/broken": "answered 500", "/away": "not a plain http", "/round": "more than three redirects"} {
		_, err := private.get(t.Context(), server.URL+path)
		require.ErrorContains(t, err, fault)
	}
	_, err = newProber(false).get(t.Context(), server.URL)
	require.ErrorContains(t, err, "127.0.0.1 is not public")
	for _, address := range []string{"file:///etc/passwd", "http://user:pw@example.com", "ftp://example.com", "http://", "::"} {
		_, err := private.get(t.Context(), address)
		require.ErrorContains(t, err, "probe")
		require.NotContains(t, err.Error(), "pw")
	}
}

func TestRefusePrivate(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1:80", "10.1.2.3:443", "169.254.169.254:80", "100.64.0.1:1", "[::1]:80", "[fe80::1]:80", "[fd00::1]:80",
		"[::ffff:10.0.0.1]:80", "0.0.0.0:80", "224.0.0.1:80", "nonsense",
	} {
		require.Error(t, refusePrivate(address), address)
	}
	require.NoError(t, refusePrivate("93.184.216.34:443"))
}
