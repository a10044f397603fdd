package cloud

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// TestAnObjectThatIsForbidden tells one that is not there from one that is, as S3
// does not for who may list below a prefix only.
func TestAnObjectThatIsForbidden(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listed string
		status int
		want   error
	}{
		"it is not there": {"", http.StatusOK, aegis.ErrNotFound},
		"a longer one is": {"control/archives/abc", http.StatusOK, aegis.ErrNotFound},
		"it is there":     {"control/archives/ab", http.StatusOK, aegis.ErrUnavailable},
		"nobody may list": {"", http.StatusForbidden, aegis.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const forbidden = `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/xml")
				if r.URL.Query().Get("list-type") != "2" || test.status != http.StatusOK {
					w.WriteHeader(http.StatusForbidden)
					_, _ = fmt.Fprint(w, forbidden)
					return
				}
				contents := ""
				if test.listed != "" {
					contents = "<Contents><Key>" + test.listed + "</Key></Contents>"
				}
				_, _ = fmt.Fprintf(w, `<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>`, contents)
			}))
			t.Cleanup(server.Close)
			c, err := New(t.Context(), Config{
				Endpoint: server.URL, Regions: []string{"us-east-1"}, AccountID: "123456789012", BaseAccessKeyID: "a", BaseSecretAccessKey: "b",
			})
			require.NoError(t, err)
			bucket, err := c.Bucket("s3://artifacts/control")
			require.NoError(t, err)
			_, err = bucket.Read(t.Context(), "archives/ab")
			require.ErrorIs(t, err, test.want)
		})
	}
}
