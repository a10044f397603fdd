package front

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// loopback is an IAM client whose calls are performed without a caller: the
// front's own questions, and the users that it makes at the beginning.
func (f *Front) loopback() *iam.Client {
	return iam.New(iam.Options{
		Region:       f.regions[0],
		BaseEndpoint: aws.String("http://sandbox.internal"),
		Credentials:  aws.AnonymousCredentials{},
		HTTPClient:   loopbackClient{front: f},
	})
}

// loopbackClient performs requests in process.
type loopbackClient struct{ front *Front }

// Do implements the SDK's HTTPClient.
func (l loopbackClient) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read own request: %w", err)
		}
	}
	resp, err := l.front.perform(r.Context(), wire.Decode(r, body, "iam", l.front.regions[0]))
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: resp.Status, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(resp.Body)), Request: r,
		ContentLength: int64(len(resp.Body)), ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}
