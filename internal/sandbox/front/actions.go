package front

import (
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// actionName is the call's name in policies, which is not always the API's; see
// the Service Authorization Reference.
func actionName(c wire.Call) string {
	return prefix(c.Service) + ":" + renamed(c)
}

// prefix is the service's name in policies.
func prefix(service string) string {
	switch service {
	case "monitoring":
		return "cloudwatch"
	case "email":
		return "ses"
	case "tagging":
		return "tag"
	default:
		return service
	}
}

func renamed(c wire.Call) string {
	switch c.Service {
	case "s3":
		return s3Permission(c.Action)
	case "sqs":
		return strings.TrimSuffix(c.Action, "Batch")
	case "lambda":
		if c.Action == "Invoke" {
			return "InvokeFunction"
		}
	}
	return c.Action
}

func s3Permission(action string) string {
	switch action {
	case "ListBuckets":
		return "ListAllMyBuckets"
	case "HeadBucket", "ListObjects":
		return "ListBucket"
	case "ListObjectVersions":
		return "ListBucketVersions"
	case "ListMultipartUploads":
		return "ListBucketMultipartUploads"
	case "HeadObject", "SelectObjectContent", "GetObjectAttributes":
		return "GetObject"
	case "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "PostObject":
		return "PutObject"
	case "DeleteObjects":
		return "DeleteObject"
	case "ListParts":
		return "ListMultipartUploadParts"
	}
	return s3SettingPermission(action)
}

// s3SettingPermission names the permission on a bucket's setting: reading is
// Get, and anything else, deleting too, is Put.
func s3SettingPermission(action string) string {
	verb, noun := "Put", ""
	for _, v := range []string{"Get", "Put", "Delete"} {
		if rest, ok := strings.CutPrefix(action, v); ok {
			noun = rest
			if v == "Get" {
				verb = "Get"
			}
		}
	}
	switch noun {
	case "BucketEncryption":
		return verb + "EncryptionConfiguration"
	case "BucketLifecycle":
		return verb + "LifecycleConfiguration"
	case "BucketReplication":
		if strings.HasPrefix(action, "Delete") {
			return "PutReplicationConfiguration"
		}
		return verb + "ReplicationConfiguration"
	case "BucketCors":
		return verb + "BucketCORS"
	case "BucketAccelerateConfiguration", "BucketAnalyticsConfiguration", "BucketIntelligentTieringConfiguration",
		"BucketInventoryConfiguration", "BucketMetricsConfiguration":
		return verb + strings.TrimPrefix(noun, "Bucket")
	case "ObjectLockConfiguration":
		return verb + "BucketObjectLockConfiguration"
	case "BucketPublicAccessBlock", "BucketOwnershipControls", "BucketTagging":
		return verb + noun
	}
	return action
}
