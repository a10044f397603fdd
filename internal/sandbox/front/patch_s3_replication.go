package front

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// s3ReplicationPatches keep buckets' replication as it was written, and check
// what S3 checks. Objects that are put or deleted whole are copied (copyObject);
// the parts of multipart uploads, tags and retention are not.
func s3ReplicationPatches() []patch {
	forget := func(n *notes, c wire.Call) { n.set(c.Region, replicationFact(c.Bucket()), "") }
	return []patch{
		{service: "s3", action: "PutBucketReplication", serve: putReplication, note: func(n *notes, c wire.Call) {
			n.set(c.Region, replicationFact(c.Bucket()), strings.TrimPrefix(string(c.Body), xml.Header))
		}},
		{service: "s3", action: "GetBucketReplication", serve: getReplication},
		{service: "s3", action: "DeleteBucketReplication", serve: deleteReplication, note: forget},
		{service: "s3", action: "DeleteBucket", note: forget},
	}
}

func replicationFact(bucket string) string { return "replication of bucket " + bucket }

// replication is what is read of a bucket's ReplicationConfiguration.
type replication struct {
	XMLName xml.Name          `xml:"ReplicationConfiguration"`
	Rules   []replicationRule `xml:"Rule"`
}

type replicationRule struct {
	Status        string
	Prefix        string
	FilterPrefix  string `xml:"Filter>Prefix"`
	DeleteMarkers string `xml:"DeleteMarkerReplication>Status"`
	Destination   struct {
		Bucket string
		Key    string `xml:"EncryptionConfiguration>ReplicaKmsKeyID"`
	}
}

func (r replicationRule) bucket() string {
	return strings.TrimPrefix(r.Destination.Bucket, "arn:aws:s3:::")
}

func (f *Front) replicationOf(region, bucket string) replication {
	var found replication
	_ = xml.Unmarshal([]byte(f.notes.get(region, replicationFact(bucket))), &found) // "" is none
	return found
}

func putReplication(ctx context.Context, f *Front, c wire.Call) (wire.Response, error) {
	var asked replication
	if err := xml.Unmarshal(c.Body, &asked); err != nil || len(asked.Rules) == 0 {
		return refused(c, apiError("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema"))
	}
	versioned, err := f.versioned(ctx, c.Region, c.Bucket())
	if err != nil {
		return wire.Response{}, err
	}
	if !versioned {
		return refused(c, apiError("InvalidRequest", http.StatusBadRequest, "Versioning must be 'Enabled' on the bucket to apply a replication configuration"))
	}
	for _, rule := range asked.Rules {
		there, err := f.versioned(ctx, f.buckets.region(rule.bucket()), rule.bucket())
		if err != nil {
			return wire.Response{}, err
		}
		if !there {
			return refused(c, apiError("InvalidRequest", http.StatusBadRequest, "Destination bucket must exist and have versioning enabled: "+rule.bucket()))
		}
	}
	return encode(c, document{status: http.StatusOK})
}

func getReplication(_ context.Context, f *Front, c wire.Call) (wire.Response, error) {
	text := f.notes.get(c.Region, replicationFact(c.Bucket()))
	if text == "" {
		return refused(c, apiError("ReplicationConfigurationNotFoundError", http.StatusNotFound, "The replication configuration was not found"))
	}
	return encode(c, document{status: http.StatusOK, body: text})
}

func deleteReplication(context.Context, *Front, wire.Call) (wire.Response, error) {
	return wire.Response{Status: http.StatusNoContent, Header: http.Header{}}, nil
}

// versioned asks whether there is such a bucket and it keeps versions.
func (f *Front) versioned(ctx context.Context, region, bucket string) (bool, error) {
	at := f.byName[region]
	if at == nil || bucket == "" {
		return false, nil
	}
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/" + bucket, RawQuery: "versioning"}, Header: http.Header{}}
	resp, err := at.do(ctx, wire.Decode(r, nil, "s3", region))
	if err != nil {
		return false, err
	}
	var found struct{ Status string }
	return resp.Status == http.StatusOK && xml.Unmarshal(resp.Body, &found) == nil && found.Status == "Enabled", nil
}

// copyObject does to the replicas what was done to an object. What fails is
// logged: S3 replicates after it has answered.
func (f *Front) copyObject(ctx context.Context, c wire.Call) {
	deletes := c.Action == "DeleteObject" && !c.URL.Query().Has("versionId")
	if c.Action != "PutObject" && !deletes {
		return
	}
	for _, rule := range f.replicationOf(c.Region, c.Bucket()).Rules {
		if rule.Status != "Enabled" || !strings.HasPrefix(c.ObjectKey(), rule.Prefix+rule.FilterPrefix) || deletes && rule.DeleteMarkers != "Enabled" {
			continue
		}
		there := c
		there.Region = f.buckets.region(rule.bucket())
		there.URL = &url.URL{Path: "/" + rule.bucket() + "/" + c.ObjectKey()}
		if there.Header = c.Header.Clone(); rule.Destination.Key != "" {
			there.Header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
			there.Header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", rule.Destination.Key)
		}
		at := f.byName[there.Region]
		if at == nil {
			continue
		}
		if resp, err := at.do(ctx, there); err != nil || resp.Status >= http.StatusBadRequest {
			f.logger.WarnContext(ctx, "replicate object", "bucket", rule.bucket(), "status", resp.Status, "error", err)
		}
	}
}
