package wire

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Masked stands for a secret.
const Masked = "***"

// Parameters are the call's parameters as CloudTrail records them: nested, with
// names in lower camel case, secrets masked. They are nil when there are none.
func (c Call) Parameters() map[string]any {
	params := map[string]any{}
	switch c.Protocol {
	case Query, EC2:
		params = nest(c.form)
	case JSON, RESTJSON:
		mergeInto(params, jsonObject(c.Body))
	case S3, RESTXML:
		if body, ok := xmlTree(c.Body).(map[string]any); ok {
			mergeInto(params, body)
		}
	case CBOR:
	}
	c.addAddress(params)
	if len(params) == 0 {
		return nil
	}
	return maskObject(params)
}

// addAddress adds what REST protocols put into the URL.
func (c Call) addAddress(params map[string]any) {
	switch c.Protocol {
	case S3:
		if bucket := c.Bucket(); bucket != "" {
			params["bucketName"] = bucket
		}
		if object := c.ObjectKey(); object != "" {
			params["key"] = object
		}
	case RESTJSON, RESTXML:
		segments := unescaped(pathSegments(c.URL.EscapedPath()))
		named := false
		for i, segment := range segments[:max(len(segments)-1, 0)] {
			if name := namedInPath(c.Service, segment); name != "" {
				params[name], named = segments[i+1], true
			}
		}
		if len(segments) > 1 && !named {
			params["id"] = segments[1]
		}
	case Query, EC2, JSON, CBOR:
		return
	}
	for name, values := range c.URL.Query() {
		if !strings.HasPrefix(name, "X-Amz-") && name != "x-id" && name != "" {
			params[lowerFirst(name)] = strings.Join(values, ",")
		}
	}
}

// unescaped are the segments as the client meant them.
func unescaped(segments []string) []string {
	for i, segment := range segments {
		if plain, err := url.PathUnescape(segment); err == nil {
			segments[i] = plain
		}
	}
	return segments
}

// namedInPath is the parameter that follows a segment of a service's paths.
func namedInPath(service, segment string) string {
	return map[string]string{
		"route53/hostedzone": "hostedZoneId", "route53/healthcheck": "healthCheckId", "lambda/functions": "functionName",
		"backup/backup-vaults": "backupVaultName", "backup/plans": "backupPlanId", "backup/selections": "selectionId",
		"backup/tags": "resourceArn", "backup/untag": "resourceArn", "es/domain": "domainName",
		"eks/clusters": "name", "eks/node-groups": "nodegroupName", "eks/addons": "addonName", "eks/access-entries": "principalArn",
		"eks/access-policies": "policyArn", "eks/pod-identity-associations": "associationId", "eks/updates": "updateId", "eks/tags": "resourceArn",
		"guardduty/detector": "detectorId", "access-analyzer/analyzer": "analyzerName", "access-analyzer/tags": "resourceArn",
		"cloudfront/distribution": "id",
		"guardduty/tags":          "resourceArn", "securityhub/tags": "resourceArn",
	}[service+"/"+segment]
}

// Elements are what the call answered, in CloudTrail's form.
func (c Call) Elements(resp Response) map[string]any {
	var object map[string]any
	switch c.Protocol {
	case JSON, RESTJSON:
		object = jsonObject(resp.Body)
	case CBOR:
	case Query, EC2, RESTXML, S3:
		object, _ = xmlTree(resp.Body).(map[string]any)
		delete(object, "responseMetadata")
		if result, ok := object[lowerFirst(c.Action+"Result")].(map[string]any); ok {
			object = result
		}
	}
	if len(object) == 0 {
		return nil
	}
	return maskObject(object)
}

// ReadFault reads code and message of an error answer.
func (c Call) ReadFault(resp Response) (code, message string) {
	switch c.Protocol {
	case JSON, RESTJSON:
		object := jsonObject(resp.Body)
		code, _ = object["__type"].(string)
		if message, _ = object["message"].(string); message == "" {
			message, _ = object["Message"].(string)
		}
	case Query, EC2, RESTXML, S3, CBOR:
		code, message = xmlFault(resp.Body)
	}
	if header := resp.Header.Get("X-Amzn-Errortype"); code == "" && header != "" {
		code = header
	}
	code = code[strings.LastIndexByte(code, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	if code == "" {
		code = "Error" + strconv.Itoa(resp.Status)
	}
	return code, message
}

func xmlFault(body []byte) (code, message string) {
	decoder := xml.NewDecoder(strings.NewReader(string(body)))
	var current string
	for {
		token, err := decoder.Token()
		if err != nil {
			return code, message
		}
		switch t := token.(type) {
		case xml.StartElement:
			current = t.Name.Local
		case xml.EndElement:
			current = ""
		case xml.CharData:
			switch {
			case current == "Code" && code == "":
				code = string(t)
			case current == "Message" && message == "":
				message = string(t)
			}
		}
	}
}

func jsonObject(body []byte) map[string]any {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return nil
	}
	lowered, _ := lowerNames(object).(map[string]any)
	return lowered
}

func lowerNames(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[lowerFirst(name)] = lowerNames(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = lowerNames(v[i])
		}
	}
	return value
}

// lowerFirst is the name with its first letter in lower case, as CloudTrail has it.
func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

func mergeInto(into, from map[string]any) {
	maps.Copy(into, from)
}

// maxDepth bounds nesting of what comes from outside.
const maxDepth = 32

// nest turns flat query parameters into objects and lists:
// Tags.member.1.Key=a gives {"tags":[{"key":"a"}]}.
func nest(form url.Values) map[string]any {
	root := map[string]any{}
	for _, name := range slices.Sorted(sortedKeys(form)) {
		if name == "Action" || name == "Version" {
			continue
		}
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth {
			continue
		}
		put(root, parts, form.Get(name))
	}
	object, _ := listify(root).(map[string]any)
	return object
}

func sortedKeys(form url.Values) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range form {
			if !yield(name) {
				return
			}
		}
	}
}

func put(into map[string]any, parts []string, value string) {
	for i, part := range parts {
		part = lowerFirst(part)
		if i == len(parts)-1 {
			into[part] = value
			return
		}
		next, ok := into[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			into[part] = next
		}
		into = next
	}
}

// listify turns objects whose names are all numbers into lists, and unwraps
// "member", "entry" and the like above them.
func listify(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	numbers := make([]int, 0, len(object))
	for name, inner := range object {
		object[name] = listify(inner)
		if n, err := strconv.Atoi(name); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(object) == 1 {
		for _, wrapper := range []string{"member", "entry"} {
			if list, ok := object[wrapper].([]any); ok {
				return list
			}
		}
	}
	if len(numbers) == 0 || len(numbers) != len(object) {
		return object
	}
	slices.Sort(numbers)
	list := make([]any, 0, len(numbers))
	for _, n := range numbers {
		list = append(list, object[strconv.Itoa(n)])
	}
	return list
}

// xmlTree reads a document: an element with only text is a string, one whose
// children are all "member" or "item" is a list, any other an object.
func xmlTree(body []byte) any {
	decoder := xml.NewDecoder(strings.NewReader(string(body)))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		if _, ok := token.(xml.StartElement); ok {
			return xmlElement(decoder, 0)
		}
	}
}

func xmlElement(decoder *xml.Decoder, depth int) any {
	if depth > maxDepth {
		_ = decoder.Skip()
		return nil
	}
	var text strings.Builder
	object, list := map[string]any{}, []any{}
	for {
		token, err := decoder.Token()
		if err != nil {
			if err != io.EOF { //nolint:errorlint // Token returns io.EOF bare
				return nil
			}
			return object
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child := xmlElement(decoder, depth+1)
			if t.Name.Local == "member" || t.Name.Local == "item" {
				list = append(list, child)
				continue
			}
			add(object, lowerFirst(t.Name.Local), child)
		case xml.EndElement:
			return settle(object, list, strings.TrimSpace(text.String()))
		}
	}
}

// add keeps repeated elements as a list.
func add(object map[string]any, name string, child any) {
	before, ok := object[name]
	if !ok {
		object[name] = child
		return
	}
	if many, ok := before.([]any); ok {
		object[name] = append(many, child)
		return
	}
	object[name] = []any{before, child}
}

func settle(object map[string]any, list []any, text string) any {
	switch {
	case len(list) > 0:
		return list
	case len(object) > 0:
		return object
	default:
		return text
	}
}
