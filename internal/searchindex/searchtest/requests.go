package searchtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

func bad(kind, reason string) *problem { return &problem{http.StatusBadRequest, kind, reason} }

// onlyKeys returns the first key of an object that is not among those named.
func onlyKeys(object map[string]any, names ...string) string {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(names, key) {
			return key
		}
	}
	return ""
}

func (s *Server) putTemplate(parts []string, text []byte) (any, *problem) {
	value, err := decode(text)
	if err != nil {
		return nil, bad("parse_exception", err.Error())
	}
	var plain any
	_ = json.Unmarshal(text, &plain)
	if err := s.spec.check(s.tb, plain, "components", "requestBodies", "indices.put_index_template", "content", "application/json", "schema"); err != nil {
		return nil, bad("x_content_parse_exception", err.Error())
	}
	body, _ := value.(map[string]any)
	if key := onlyKeys(body, "index_patterns", "template", "priority", "version", "_meta", "composed_of", "data_stream"); key != "" {
		return nil, bad("x_content_parse_exception", "[index_template] unknown field ["+key+"]")
	}
	template, _ := body["template"].(map[string]any)
	if key := onlyKeys(template, "settings", "mappings", "aliases"); key != "" {
		return nil, bad("x_content_parse_exception", "[template] unknown field ["+key+"]")
	}
	settings, _ := template["settings"].(map[string]any)
	index, _ := settings["index"].(map[string]any)
	if key := onlyKeys(settings, "index") + onlyKeys(index, "number_of_shards", "number_of_replicas", "auto_expand_replicas"); key != "" {
		return nil, bad("illegal_argument_exception", "unknown setting ["+key+"]")
	}
	mappings, _ := template["mappings"].(map[string]any)
	if key := onlyKeys(mappings, "dynamic", "properties"); key != "" {
		return nil, bad("mapper_parsing_exception", "Root mapping definition has unsupported parameters: ["+key+"]")
	}
	if mappings["dynamic"] != "strict" {
		s.tb.Errorf("template %s lets fields come by chance", parts[1])
	}
	properties, _ := mappings["properties"].(map[string]any)
	if err := checkProperties(properties); err != nil {
		return nil, bad("mapper_parsing_exception", err.Error())
	}
	name, err := url.PathUnescape(parts[1])
	if err != nil {
		return nil, bad("illegal_argument_exception", "name")
	}
	for other, found := range s.templates {
		if other != name && found["priority"] == body["priority"] && overlap(found, body) {
			return nil, bad("illegal_argument_exception", "index template ["+name+"] has the same priority as ["+other+"], which matches the same names")
		}
	}
	s.templates[name] = body
	return map[string]any{"acknowledged": true}, nil
}

func patterns(template map[string]any) (all []string) {
	list, _ := template["index_patterns"].([]any)
	for _, one := range list {
		text, _ := one.(string)
		all = append(all, text)
	}
	return all
}

// overlap is true when one pattern matches the other's text; of patterns with a
// star at the end that is when any name matches both.
func overlap(a, b map[string]any) bool {
	for _, x := range patterns(a) {
		for _, y := range patterns(b) {
			x, y := strings.TrimSuffix(x, "*"), strings.TrimSuffix(y, "*")
			if strings.HasPrefix(x, y) || strings.HasPrefix(y, x) {
				return true
			}
		}
	}
	return false
}

// indexName is what OpenSearch takes for the name of an index.
var indexName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,254}$`)

// templateOf is the template of a new index; the one of the highest priority.
func (s *Server) templateOf(index string) (best map[string]any) {
	priority := int64(-1)
	for _, template := range s.templates {
		for _, pattern := range patterns(template) {
			number, _ := template["priority"].(json.Number)
			is, _ := number.Int64()
			if ok, _ := path.Match(pattern, index); ok && is > priority {
				best, priority = template, is
			}
		}
	}
	return best
}

func (s *Server) bulk(parts []string, text []byte) (any, *problem) {
	index := parts[1]
	if !indexName.MatchString(index) {
		return nil, bad("invalid_index_name_exception", "Invalid index name ["+index+"]")
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return nil, bad("illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
	}
	template := s.templateOf(index)
	if template == nil {
		s.tb.Errorf("index %s would be made without a template", index)
		return nil, bad("index_not_found_exception", "no such index ["+index+"]")
	}
	inner, _ := template["template"].(map[string]any)
	mappings, _ := inner["mappings"].(map[string]any)
	properties, _ := mappings["properties"].(map[string]any)
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines)%2 != 0 {
		return nil, bad("illegal_argument_exception", "Malformed action/metadata line")
	}
	items, faults := []any{}, false
	for i := 0; i < len(lines); i += 2 {
		id, refusal := s.action(lines[i])
		if refusal != nil {
			return nil, refusal
		}
		item := s.put(index, id, lines[i+1], properties)
		faults = faults || item["error"] != nil
		items = append(items, map[string]any{"index": item})
	}
	answer := map[string]any{"took": 1, "errors": faults, "items": items}
	s.checkAnswerOf("bulk___200", answer)
	return answer, nil
}

// checkAnswerOf holds an answer that is filtered afterwards against the description.
func (s *Server) checkAnswerOf(response string, out any) {
	s.checkAnswer(map[string]any{"responses": map[string]any{"200": map[string]any{"$ref": "#/components/responses/" + response}}}, out)
}

// action reads the line before a document.
func (s *Server) action(line []byte) (id string, refusal *problem) {
	var plain any
	if err := json.Unmarshal(line, &plain); err != nil {
		return "", bad("illegal_argument_exception", "Malformed action/metadata line")
	}
	if err := s.spec.check(s.tb, plain, "components", "schemas", "_core.bulk___OperationContainer"); err != nil {
		return "", bad("illegal_argument_exception", err.Error())
	}
	action, _ := plain.(map[string]any)
	of, ok := action["index"].(map[string]any)
	if key := onlyKeys(action, "index") + onlyKeys(of, "_id"); !ok || key != "" {
		return "", bad("illegal_argument_exception", "Action/metadata line contains an unknown parameter ["+key+"]")
	}
	id, _ = of["_id"].(string)
	if id == "" || len(id) > 512 {
		return "", bad("illegal_argument_exception", "id is missing or too long")
	}
	return id, nil
}

// put indexes one document, or says why not.
func (s *Server) put(index, id string, text []byte, properties map[string]any) map[string]any {
	refuse := func(status int, kind, reason string) map[string]any {
		return map[string]any{"_index": index, "_id": id, "status": status, "error": map[string]any{"type": kind, "reason": reason}}
	}
	if s.failItem != nil {
		if status := s.failItem(index, id); status != 0 {
			return refuse(status, "rejected_execution_exception", "rejected execution of "+string(text))
		}
	}
	value, err := decode(text)
	document, ok := value.(map[string]any)
	if err != nil || !ok {
		return refuse(http.StatusBadRequest, "mapper_parsing_exception", "failed to parse")
	}
	if err := checkDocument(document, properties); err != nil {
		mapper, _ := errors.AsType[*mapperError](err)
		return refuse(http.StatusBadRequest, mapper.kind, mapper.reason)
	}
	if s.indices[index] == nil {
		s.indices[index] = map[string]*stored{}
	}
	is, result, status := s.indices[index][id], "updated", http.StatusOK
	if is == nil {
		is, result, status = &stored{}, "created", http.StatusCreated
		s.indices[index][id] = is
	}
	is.version, is.source = is.version+1, document
	is.seq = is.version - 1
	return map[string]any{
		"_index": index, "_id": id, "_version": is.version, "result": result, "status": status, "_seq_no": is.seq, "_primary_term": 1,
		"_shards": map[string]any{"total": 2, "successful": 1, "failed": 0},
	}
}

func (s *Server) catIndices(parts []string, _ []byte) (any, *problem) {
	found := []any{}
	for _, name := range slices.Sorted(maps.Keys(s.indices)) {
		if ok, _ := path.Match(parts[1], name); ok {
			found = append(found, map[string]any{"index": name})
		}
	}
	return found, nil
}

func (s *Server) remove(parts []string, _ []byte) (any, *problem) {
	if strings.ContainsAny(parts[1], "*,") || parts[1] == "_all" {
		return nil, bad("illegal_argument_exception", "Wildcard expressions or all indices are not allowed")
	}
	if s.indices[parts[1]] == nil {
		return nil, &problem{http.StatusNotFound, "index_not_found_exception", "no such index [" + parts[1] + "]"}
	}
	delete(s.indices, parts[1])
	return map[string]any{"acknowledged": true}, nil
}
