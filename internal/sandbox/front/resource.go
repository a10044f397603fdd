package front

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// resource is the ARN that the call is about, or policy.Unknown where it can't
// be told from the call alone.
func (f *Front) resource(c wire.Call) string {
	switch c.Service {
	case "s3":
		return s3Resource(c)
	case "iam":
		return f.iamResource(c)
	case "route53":
		return route53Resource(c)
	case "ec2", "autoscaling":
		return policy.Unknown
	}
	if c.Protocol == wire.JSON {
		return f.jsonResource(c)
	}
	for _, name := range []string{"TopicArn", "ResourceArn", "ResourceARN"} {
		if arn := c.Form().Get(name); arn != "" {
			return arn
		}
	}
	return policy.Unknown
}

func s3Resource(c wire.Call) string {
	switch {
	case c.Bucket() == "" || strings.HasPrefix(c.Bucket(), "v20180820"):
		return policy.Unknown
	case c.ObjectKey() == "":
		return "arn:aws:s3:::" + c.Bucket()
	default:
		return "arn:aws:s3:::" + c.Bucket() + "/" + c.ObjectKey()
	}
}

func route53Resource(c wire.Call) string {
	parts := strings.Split(strings.Trim(c.URL.Path, "/"), "/")
	if len(parts) >= 3 && (parts[1] == "hostedzone" || parts[1] == "healthcheck" || parts[1] == "change") {
		return "arn:aws:route53:::" + parts[1] + "/" + parts[2]
	}
	return policy.Unknown
}

// iamNames are the parameters that name an IAM object, by its kind.
func iamNames() [][2]string {
	return [][2]string{
		{"InstanceProfileName", "instance-profile"},
		{"RoleName", "role"},
		{"UserName", "user"},
		{"GroupName", "group"},
		{"PolicyName", "policy"},
	}
}

func (f *Front) iamResource(c wire.Call) string {
	form := c.Form()
	for _, pair := range iamNames() {
		name := form.Get(pair[0])
		if name == "" {
			continue
		}
		path := form.Get("Path")
		if path == "" || !strings.HasPrefix(c.Action, "Create") {
			path = f.paths.get(pair[1], name)
		}
		return "arn:aws:iam::" + f.accountID + ":" + pair[1] + path + name
	}
	if arn := form.Get("PolicyArn"); arn != "" {
		return arn
	}
	return policy.Unknown
}

// jsonResource knows the parameters by which JSON services name what they are
// asked about.
func (f *Front) jsonResource(c wire.Call) string {
	var p struct {
		StreamName, StreamARN, LogGroupName, Name, KeyID, TableName, SecretID, ResourceARN string
	}
	if json.Unmarshal(c.Body, &p) != nil {
		return policy.Unknown
	}
	local := "arn:aws:" + c.Service + ":" + c.Region + ":" + f.accountID + ":"
	switch {
	case c.Service == "kinesis" && p.StreamARN != "":
		return p.StreamARN
	case c.Service == "kinesis" && p.StreamName != "":
		return local + "stream/" + p.StreamName
	case c.Service == "logs" && p.LogGroupName != "":
		return local + "log-group:" + p.LogGroupName
	case c.Service == "ssm" && strings.Contains(c.Action, "Parameter") && p.Name != "" && !strings.HasPrefix(p.Name, "arn:"):
		return local + "parameter/" + strings.TrimPrefix(p.Name, "/")
	case c.Service == "kms" && strings.HasPrefix(p.KeyID, "arn:"):
		return p.KeyID
	case c.Service == "kms" && p.KeyID != "" && !strings.HasPrefix(p.KeyID, "alias/"):
		return local + "key/" + p.KeyID
	case c.Service == "dynamodb" && p.TableName != "" && !strings.HasPrefix(p.TableName, "arn:"):
		return local + "table/" + p.TableName
	case strings.HasPrefix(p.SecretID, "arn:"):
		return p.SecretID
	case strings.HasPrefix(p.ResourceARN, "arn:"):
		return p.ResourceARN
	default:
		return policy.Unknown
	}
}

// pathMap knows the path of IAM objects by kind and name.
type pathMap struct {
	mu    sync.RWMutex
	paths map[string]string
}

func newPathMap() *pathMap { return &pathMap{paths: map[string]string{}} }

// get is "/" for an object that was made without a path.
func (p *pathMap) get(kind, name string) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if path, ok := p.paths[kind+" "+name]; ok {
		return path
	}
	return "/"
}

func (p *pathMap) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.paths)
}

func (p *pathMap) learn(c wire.Call) {
	made, ok := strings.CutPrefix(c.Action, "Create")
	if !ok {
		return
	}
	form := c.Form()
	for _, pair := range iamNames() {
		if made+"Name" == pair[0] {
			p.mu.Lock()
			p.paths[pair[1]+" "+form.Get(pair[0])] = max(form.Get("Path"), "/")
			p.mu.Unlock()
		}
	}
}
