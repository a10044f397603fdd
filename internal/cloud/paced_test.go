package cloud_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
)

// recorder notes what was paced.
type recorder struct {
	mu    sync.Mutex
	waits []string
	codes []string
}

func (r *recorder) Wait(_ context.Context, account, service, region string) (func(string), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits = append(r.waits, account+" "+service+" "+region)
	return func(code string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.codes = append(r.codes, code)
	}, nil
}

func TestReadsArePacedAndThrottlingIsTold(t *testing.T) {
	t.Parallel()
	refusals := 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 1<<16)
		n, _ := r.Body.Read(body)
		switch text := string(body[:n]); {
		case strings.Contains(text, "GetCallerIdentity"):
			_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
		case strings.Contains(text, "AssumeRole"):
			_, _ = w.Write([]byte(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey>` +
				`<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`))
		case refusals > 0:
			refusals--
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>`))
		default:
			_, _ = w.Write([]byte(`<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>`))
		}
	}))
	t.Cleanup(server.Close)
	seen := &recorder{}
	c, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: server.URL, Regions: []string{"eu-west-1"}, BaseAccessKeyID: "AKIAX", BaseSecretAccessKey: "s", Pacer: seen,
	})
	require.NoError(t, err)
	_, found, err := c.Find(t.Context(), aegis.Lookup{StackID: "prod.network.eu-west-1", Address: "aws_vpc::main", Type: "aws_vpc", Region: "eu-west-1"})
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, []string{"RequestLimitExceeded", ""}, seen.codes[:2], "each attempt by itself")
	require.Len(t, seen.waits, len(seen.codes))
	for _, wait := range seen.waits {
		require.Equal(t, "123456789012 EC2 eu-west-1", wait, "sessions are not held back")
	}
}
