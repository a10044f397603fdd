package wire

import (
	"net/http"
	"net/url"
	"strings"
)

type s3Path struct{ bucket, key string }

// bucketAndKey splits a path-style address.
func bucketAndKey(u *url.URL) s3Path {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return s3Path{bucket: bucket, key: key}
}

// Bucket is the bucket of an S3 call, empty for ListBuckets.
func (c Call) Bucket() string {
	if c.Protocol != S3 {
		return ""
	}
	return bucketAndKey(c.URL).bucket
}

// ObjectKey is the object of an S3 call, empty for calls on buckets.
func (c Call) ObjectKey() string {
	if c.Protocol != S3 {
		return ""
	}
	return bucketAndKey(c.URL).key
}

// s3Subresources name a bucket's settings by the query parameter that selects
// them; an action is its verb and this noun.
func s3Subresources() [][2]string {
	return [][2]string{
		{"accelerate", "BucketAccelerateConfiguration"},
		{"acl", "BucketAcl"},
		{"analytics", "BucketAnalyticsConfiguration"},
		{"cors", "BucketCors"},
		{"encryption", "BucketEncryption"},
		{"intelligent-tiering", "BucketIntelligentTieringConfiguration"},
		{"inventory", "BucketInventoryConfiguration"},
		{"lifecycle", "BucketLifecycle"},
		{"location", "BucketLocation"},
		{"logging", "BucketLogging"},
		{"metrics", "BucketMetricsConfiguration"},
		{"notification", "BucketNotification"},
		{"object-lock", "ObjectLockConfiguration"},
		{"ownershipControls", "BucketOwnershipControls"},
		{"policy", "BucketPolicy"},
		{"policyStatus", "BucketPolicyStatus"},
		{"publicAccessBlock", "BucketPublicAccessBlock"},
		{"replication", "BucketReplication"},
		{"requestPayment", "BucketRequestPayment"},
		{"tagging", "BucketTagging"},
		{"versioning", "BucketVersioning"},
		{"website", "BucketWebsite"},
	}
}

func s3Action(method string, p s3Path, query url.Values, header http.Header) string {
	switch {
	case strings.HasPrefix(p.bucket, "v20180820"):
		return restAction("s3-control", method, &url.URL{Path: "/" + p.key})
	case p.bucket == "":
		return "ListBuckets"
	case p.key == "":
		return s3BucketAction(method, query)
	default:
		return s3ObjectAction(method, query, header)
	}
}

func s3BucketAction(method string, query url.Values) string {
	for _, sub := range s3Subresources() {
		if query.Has(sub[0]) {
			return verbOf(method) + sub[1]
		}
	}
	switch {
	case method == http.MethodPost && query.Has("delete"):
		return "DeleteObjects"
	case method == http.MethodGet && query.Has("versions"):
		return "ListObjectVersions"
	case method == http.MethodGet && query.Has("uploads"):
		return "ListMultipartUploads"
	case method == http.MethodGet:
		return "ListObjects"
	case method == http.MethodHead:
		return "HeadBucket"
	case method == http.MethodPut:
		return "CreateBucket"
	case method == http.MethodDelete:
		return "DeleteBucket"
	default:
		return "PostObject"
	}
}

func s3ObjectAction(method string, query url.Values, header http.Header) string {
	for _, sub := range [][2]string{
		{"acl", "ObjectAcl"},
		{"tagging", "ObjectTagging"},
		{"retention", "ObjectRetention"},
		{"legal-hold", "ObjectLegalHold"},
		{"attributes", "ObjectAttributes"},
		{"torrent", "ObjectTorrent"},
	} {
		if query.Has(sub[0]) {
			return verbOf(method) + sub[1]
		}
	}
	if query.Has("uploads") {
		return "CreateMultipartUpload"
	}
	if query.Has("uploadId") {
		return multipartAction(method)
	}
	switch method {
	case http.MethodHead:
		return "HeadObject"
	case http.MethodPut:
		if header.Get("X-Amz-Copy-Source") != "" {
			return "CopyObject"
		}
		return "PutObject"
	case http.MethodPost:
		if query.Has("select") {
			return "SelectObjectContent"
		}
		return "RestoreObject"
	default:
		return verbOf(method) + "Object"
	}
}

func multipartAction(method string) string {
	switch method {
	case http.MethodPut:
		return "UploadPart"
	case http.MethodPost:
		return "CompleteMultipartUpload"
	case http.MethodDelete:
		return "AbortMultipartUpload"
	default:
		return "ListParts"
	}
}

func s3DataPlane(action string) bool {
	return strings.Contains(action, "Object") && action != "PutObjectLockConfiguration" ||
		strings.Contains(action, "Multipart") || strings.HasPrefix(action, "UploadPart")
}

func verbOf(method string) string {
	switch method {
	case http.MethodPut:
		return "Put"
	case http.MethodPost:
		return "Create"
	case http.MethodDelete:
		return "Delete"
	case http.MethodPatch:
		return "Update"
	case http.MethodHead:
		return "Head"
	default:
		return "Get"
	}
}
