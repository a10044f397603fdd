package sigv4_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/internal/sandbox/sigv4"
)

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// signed is a request as a server gets it, signed by the SDK.
func signed(tb rapid.TB, method, target string, body []byte, service string) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, target, bytes.NewReader(body))
	require.NoError(tb, err)
	r.Header.Set("X-Custom", "  a   b ")
	sum := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret, SessionToken: "token"}
	err = signer.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(sum[:]), service, "eu-west-1", noon(),
		func(o *signer.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	require.NoError(tb, err)
	return received(r)
}

// received turns a client's request into what a server sees.
func received(r *http.Request) *http.Request {
	r.RequestURI = r.URL.RequestURI()
	r.Host = r.URL.Host
	return r
}

func TestVerify(t *testing.T) {
	t.Parallel()
	body := []byte("Action=CreateVpc")
	parse := func(r *http.Request) sigv4.Signature {
		s, err := sigv4.Parse(r)
		require.NoError(t, err)
		return s
	}
	t.Run("reads who, where and what", func(t *testing.T) {
		t.Parallel()
		s := parse(signed(t, "POST", "http://127.0.0.1:4000/", body, "ec2"))
		require.Equal(t, "AKIDEXAMPLE", s.AccessKeyID)
		require.Equal(t, "eu-west-1", s.Region)
		require.Equal(t, "ec2", s.Service)
		require.Equal(t, "token", s.Token)
	})
	t.Run("accepts what the SDK signed", func(t *testing.T) {
		t.Parallel()
		r := signed(t, "POST", "http://127.0.0.1:4000/a%20b/c%2Fd?x=1&a=%2F&a=", body, "ec2")
		require.NoError(t, parse(r).Verify(r, body, secret, noon()))
	})
	t.Run("refuses another secret, body, path, query and header", func(t *testing.T) {
		t.Parallel()
		target := "http://127.0.0.1:4000/p?q=1"
		r := signed(t, "POST", target, body, "ec2")
		require.ErrorIs(t, parse(r).Verify(r, body, "other", noon()), sigv4.ErrMismatch)
		require.ErrorIs(t, parse(r).Verify(r, []byte("other"), secret, noon()), sigv4.ErrMismatch)
		r.RequestURI = "/other?q=1"
		require.ErrorIs(t, parse(r).Verify(r, body, secret, noon()), sigv4.ErrMismatch)
		r = signed(t, "POST", target, body, "ec2")
		r.URL.RawQuery = "q=2"
		require.ErrorIs(t, parse(r).Verify(r, body, secret, noon()), sigv4.ErrMismatch)
		r = signed(t, "POST", target, body, "ec2")
		r.Header.Set("X-Custom", "c")
		require.ErrorIs(t, parse(r).Verify(r, body, secret, noon()), sigv4.ErrMismatch)
	})
	t.Run("refuses a request of another time", func(t *testing.T) {
		t.Parallel()
		r := signed(t, "POST", "http://127.0.0.1:4000/", body, "ec2")
		for _, off := range []time.Duration{16 * time.Minute, -16 * time.Minute} {
			require.ErrorIs(t, parse(r).Verify(r, body, secret, noon().Add(off)), sigv4.ErrExpired)
		}
	})
	t.Run("refuses a declared hash that is not the body's", func(t *testing.T) {
		t.Parallel()
		r := signed(t, "PUT", "http://127.0.0.1:4000/b/k", body, "s3")
		r.Header.Set("X-Amz-Content-Sha256", "00")
		require.ErrorIs(t, parse(r).Verify(r, body, secret, noon()), sigv4.ErrMismatch)
	})
}

func TestVerifyPresigned(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:4000/bucket/a%20key?X-Amz-Expires=60", nil)
	require.NoError(t, err)
	target, _, err := signer.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret},
		r, "UNSIGNED-PAYLOAD", "s3", "eu-west-1", noon(), func(o *signer.SignerOptions) { o.DisableURIPathEscaping = true })
	require.NoError(t, err)
	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	require.NoError(t, err)
	r = received(r)
	s, err := sigv4.Parse(r)
	require.NoError(t, err)
	require.True(t, s.Presigned)
	require.NoError(t, s.Verify(r, nil, secret, noon().Add(59*time.Second)))
	require.ErrorIs(t, s.Verify(r, nil, secret, noon().Add(61*time.Second)), sigv4.ErrExpired)
	require.ErrorIs(t, s.Verify(r, nil, "other", noon()), sigv4.ErrMismatch)
}

// Whatever path, query and body the SDK signs, for S3 and for others, verifies.
func TestVerifyAgreesWithTheSDK(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := &url.URL{Scheme: "http", Host: "127.0.0.1:4000"}
		target.Path = "/" + rapid.StringMatching(`[a-zA-Z0-9 ._~+=:@é-]{1,12}(/[a-z %&]{1,5})?`).Draw(t, "path")
		query := url.Values{}
		for range rapid.IntRange(0, 4).Draw(t, "parameters") {
			query.Add(rapid.StringMatching(`[a-zA-Z.0-9-]{1,6}`).Draw(t, "name"), rapid.String().Draw(t, "value"))
		}
		target.RawQuery = query.Encode()
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		service := rapid.SampledFrom([]string{"ec2", "s3", "lambda"}).Draw(t, "service")
		r := signed(t, "POST", target.String(), body, service)
		s, err := sigv4.Parse(r)
		require.NoError(t, err)
		require.NoError(t, s.Verify(r, body, secret, noon()))
	})
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20260504/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=00", "20260504T120000Z", "")
	f.Add("AWS4-HMAC-SHA256 Credential=////, SignedHeaders=, Signature=", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=1")
	f.Fuzz(func(t *testing.T, header, date, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{}}
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", date)
		s, err := sigv4.Parse(r)
		if err != nil {
			require.True(t, errorIsOurs(err))
			return
		}
		require.NotEmpty(t, s.AccessKeyID)
		require.Error(t, s.Verify(r, nil, secret, noon()))
	})
}

func errorIsOurs(err error) bool {
	for _, known := range []error{sigv4.ErrMissing, sigv4.ErrIncomplete} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
