package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// Region is where the tests' resources are.
const Region = "eu-west-1"

// Cloud is an emulated AWS account behind a proxy that tests use to hold back
// or refuse single calls.
type Cloud struct {
	// URL is the endpoint for engines.
	URL  string
	SSM  *ssm.Client
	Logs *cloudwatchlogs.Client

	mu    sync.Mutex
	hooks []*Hook
	// underWay counts the calls that the account has not answered.
	underWay atomic.Int64
}

// Hook intercepts calls whose body has Match in it.
type Hook struct {
	// Action is the end of X-Amz-Target, such as "PutParameter".
	Action string
	Match  string
	// Refuse answers with an access denied error instead of doing the call.
	Refuse bool
	// Reached is closed at the first such call, after it was done; the answer
	// waits for Release to be closed.
	Reached, Release chan struct{}

	once sync.Once
	// Calls counts the calls that matched.
	calls int
}

// StartCloud starts an account that ends with the test.
func StartCloud(t *testing.T) *Cloud {
	t.Helper()
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), "moto_server", "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	backend := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	awaitHTTP(t, backend.String()+"/moto-api/")

	c := &Cloud{}
	proxy := httputil.NewSingleHostReverseProxy(backend)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, proxy) }))
	t.Cleanup(server.Close)
	c.URL = server.URL
	cfg := aws.Config{
		Region: Region, BaseEndpoint: &backend.Host,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}
	cfg.BaseEndpoint = aws.String(backend.String())
	c.SSM, c.Logs = ssm.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return addr.Port
}

func awaitHTTP(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, 10*time.Minute, 50*time.Millisecond, "the emulator does not answer")
}

// Hook adds a hook; remove ends it.
func (c *Cloud) Hook(h *Hook) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks, h)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, x := range c.hooks {
			if x == h {
				c.hooks = append(c.hooks[:i], c.hooks[i+1:]...)
				return
			}
		}
	}
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.underWay.Add(1)
	defer c.underWay.Add(-1)
	// The account does what it was sent, whether the caller lives or not.
	caller := r.Context()
	r = r.WithContext(context.WithoutCancel(caller))
	r.Body = io.NopCloser(bytes.NewReader(body))
	h := c.hook(r.Header.Get("X-Amz-Target"), body)
	switch {
	case h == nil:
		next.ServeHTTP(w, r)
	case h.Refuse:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"refused by the test"}`)
	default:
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		h.once.Do(func() { close(h.Reached) })
		select {
		case <-h.Release:
		case <-caller.Done():
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}
}

// Settle waits for calls that a killed process left under way.
func (c *Cloud) Settle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return c.underWay.Load() == 0 }, time.Minute, 10*time.Millisecond)
}

func (c *Cloud) hook(target string, body []byte) *Hook {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.hooks {
		if bytes.HasSuffix([]byte(target), []byte("."+h.Action)) && bytes.Contains(body, []byte(h.Match)) {
			h.calls++
			return h
		}
	}
	return nil
}

// Find looks up what a crashed run had begun to create.
func (c *Cloud) Find(ctx context.Context, l aegis.Lookup) (string, bool, error) {
	name, _ := l.Inputs["name"].(string)
	switch l.Type {
	case "aws_ssm_parameter":
		_, err := c.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
		if _, missing := errors.AsType[*ssmtypes.ParameterNotFound](err); missing {
			return "", false, nil
		}
		return name, err == nil, err
	case "aws_cloudwatch_log_group":
		out, err := c.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
		if err != nil {
			return "", false, err
		}
		for _, g := range out.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				return name, true, nil
			}
		}
		return "", false, nil
	default:
		return "", false, fmt.Errorf("find %s: %w", l.Type, aegis.ErrNotImplemented)
	}
}

// Parameter returns a parameter's value, "" when there is none.
func (c *Cloud) Parameter(t *testing.T, name string) string {
	t.Helper()
	out, err := c.SSM.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if _, missing := errors.AsType[*ssmtypes.ParameterNotFound](err); missing {
		return ""
	}
	require.NoError(t, err)
	return aws.ToString(out.Parameter.Value)
}

// SetParameter changes a parameter behind the engine's back.
func (c *Cloud) SetParameter(t *testing.T, name, value string) {
	t.Helper()
	_, err := c.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Overwrite: aws.Bool(true)})
	require.NoError(t, err)
}

// DeleteLogGroup deletes a log group behind the engine's back.
func (c *Cloud) DeleteLogGroup(t *testing.T, name string) {
	t.Helper()
	_, err := c.Logs.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
	require.NoError(t, err)
}

// Calls is how many calls a hook met.
func (c *Cloud) Calls(h *Hook) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return h.calls
}
