package wire_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func call(tb rapid.TB, method, target, body, service string, header map[string]string) wire.Call {
	tb.Helper()
	u, err := url.ParseRequestURI(target)
	require.NoError(tb, err)
	r := &http.Request{Method: method, URL: u, Header: http.Header{}}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return wire.Decode(r, []byte(body), service, "eu-west-1")
}

func form() map[string]string {
	return map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
}

func target(name string) map[string]string { return map[string]string{"X-Amz-Target": name} }

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, target, body, service string
		header                        map[string]string
		protocol                      wire.Protocol
		action                        string
		readOnly, data                bool
	}{
		{"POST", "/", "Action=CreateVpc&Version=x", "ec2", form(), wire.EC2, "CreateVpc", false, false},
		{"POST", "/", "Action=ListUsers&Version=x", "iam", form(), wire.Query, "ListUsers", true, false},
		{"GET", "/?Action=GetCallerIdentity", "", "sts", nil, wire.Query, "GetCallerIdentity", true, false},
		{"POST", "/", "{}", "kinesis", target("Kinesis_20131202.CreateStream"), wire.JSON, "CreateStream", false, false},
		{"POST", "/", "{}", "kinesis", target("Kinesis_20131202.PutRecords"), wire.JSON, "PutRecords", false, true},
		{"POST", "/", "{}", "dynamodb", target("DynamoDB_20120810.BatchWriteItem"), wire.JSON, "BatchWriteItem", false, true},
		{"POST", "/", "{}", "kms", target("TrentService.GenerateDataKey"), wire.JSON, "GenerateDataKey", true, false},
		{"POST", "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", "", "monitoring", map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, wire.CBOR, "PutMetricAlarm", false, false},
		{"PUT", "/b", "", "s3", nil, wire.S3, "CreateBucket", false, false},
		{"PUT", "/b?versioning", "", "s3", nil, wire.S3, "PutBucketVersioning", false, false},
		{"DELETE", "/b?publicAccessBlock=", "", "s3", nil, wire.S3, "DeleteBucketPublicAccessBlock", false, false},
		{"HEAD", "/b", "", "s3", nil, wire.S3, "HeadBucket", true, false},
		{"GET", "/", "", "s3", nil, wire.S3, "ListBuckets", true, false},
		{"PUT", "/b/k/l", "x", "s3", nil, wire.S3, "PutObject", false, true},
		{"PUT", "/b/k", "", "s3", map[string]string{"X-Amz-Copy-Source": "b/o"}, wire.S3, "CopyObject", false, true},
		{"POST", "/b?delete", "", "s3", nil, wire.S3, "DeleteObjects", false, true},
		{"PUT", "/b/k?partNumber=1&uploadId=2", "", "s3", nil, wire.S3, "UploadPart", false, true},
		{"POST", "/2013-04-01/hostedzone", "", "route53", nil, wire.RESTXML, "CreateHostedZone", false, false},
		{"POST", "/2013-04-01/hostedzone/Z/rrset/", "", "route53", nil, wire.RESTXML, "ChangeResourceRecordSets", false, false},
		{"GET", "/2013-04-01/healthcheck/h", "", "route53", nil, wire.RESTXML, "GetHealthCheck", true, false},
		{"POST", "/2015-03-31/functions/f/invocations", "", "lambda", nil, wire.RESTJSON, "Invoke", false, true},
		{"POST", "/clusters/c/node-groups", "", "eks", nil, wire.RESTJSON, "CreateNodegroup", false, false},
		{"GET", "/clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx", "", "eks", nil, wire.RESTJSON, "DescribeAccessEntry", true, false},
		{"POST", "/clusters/c/identity-provider-configs/associate", "", "eks", nil, wire.RESTJSON, "CreateIdentityProviderConfigs", false, false},
		{"GET", "/v1/", "", "eks", nil, wire.RESTJSON, "GetResource", true, false},
	} {
		c := call(t, test.method, test.target, test.body, test.service, test.header)
		require.Equal(t, test.protocol, c.Protocol, test.action)
		require.Equal(t, test.action, c.Action)
		require.Equal(t, test.readOnly, c.ReadOnly(), test.action)
		require.Equal(t, test.data, c.DataPlane(), test.action)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	t.Run("of query", func(t *testing.T) {
		t.Parallel()
		c := call(t, "POST", "/", "Action=X&Version=1&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c&Names.entry.1=n&UserData=secret", "autoscaling", form())
		require.Equal(t, map[string]any{
			"tags":     []any{map[string]any{"key": "a", "value": "b"}, map[string]any{"key": "c"}},
			"names":    []any{"n"},
			"userData": wire.Masked,
		}, c.Parameters())
	})
	t.Run("of JSON", func(t *testing.T) {
		t.Parallel()
		c := call(t, "POST", "/", `{"Name":"/p","Type":"SecureString","Value":"hush","Deep":[{"MasterUserPassword":"x"}]}`, "ssm", target("AmazonSSM.PutParameter"))
		require.Equal(t, map[string]any{
			"name": "/p", "type": "SecureString", "value": wire.Masked,
			"deep": []any{map[string]any{"masterUserPassword": wire.Masked}},
		}, c.Parameters())
	})
	t.Run("of S3", func(t *testing.T) {
		t.Parallel()
		c := call(t, "PUT", "/b?versioning", `<VersioningConfiguration xmlns="x"><Status>Enabled</Status></VersioningConfiguration>`, "s3", nil)
		require.Equal(t, map[string]any{"bucketName": "b", "versioning": "", "status": "Enabled"}, c.Parameters())
	})
	t.Run("answered as XML", func(t *testing.T) {
		t.Parallel()
		c := call(t, "POST", "/", "Action=CreateAccessKey", "iam", form())
		elements := c.Elements(wire.Response{Body: []byte(`<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>A</AccessKeyId>` +
			`<SecretAccessKey>S</SecretAccessKey></AccessKey></CreateAccessKeyResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateAccessKeyResponse>`)})
		require.Equal(t, map[string]any{"accessKey": map[string]any{"accessKeyId": "A", "secretAccessKey": wire.Masked}}, elements)
	})
}

// An error that is written in a protocol reads back as it was.
func TestErrorsReadBack(t *testing.T) {
	t.Parallel()
	calls := []wire.Call{
		{Protocol: wire.Query}, {Protocol: wire.EC2}, {Protocol: wire.JSON}, {Protocol: wire.RESTJSON}, {Protocol: wire.RESTXML}, {Protocol: wire.S3},
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(calls).Draw(t, "call")
		fault := c.Refuse(wire.Reason(rapid.IntRange(0, int(wire.TooLarge)).Draw(t, "reason")), rapid.StringMatching(`[ -~]{1,40}`).Draw(t, "message"))
		require.GreaterOrEqual(t, fault.Status, 400)
		resp := c.Fail(fault, "id")
		code, message := c.ReadFault(resp)
		require.Equal(t, fault.Code, code)
		require.Equal(t, strings.TrimSpace(fault.Message), strings.TrimSpace(message))
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("POST", "/?x=1", "Action=A&a.b.1.c=2&a.b.1=3", "ec2", "application/x-www-form-urlencoded", "")
	f.Add("PUT", "/b/k?acl", "<a><member>1</member><b/></a>", "s3", "", "")
	f.Add("POST", "/", `{"a":[{"B":null}]}`, "kms", "", "T.Create")
	f.Fuzz(func(t *testing.T, method, address, body, service, contentType, amzTarget string) {
		u, err := url.ParseRequestURI(address)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{"Content-Type": {contentType}}}
		if amzTarget != "" {
			r.Header.Set("X-Amz-Target", amzTarget)
		}
		c := wire.Decode(r, []byte(body), service, "eu-west-1")
		c.Parameters()
		c.Elements(wire.Response{Status: http.StatusOK, Body: []byte(body)})
		c.ReadFault(wire.Response{Status: http.StatusBadRequest, Body: []byte(body)})
		_, _ = c.ReadOnly(), c.DataPlane()
		require.NotZero(t, c.Protocol)
	})
}
