package wire

import (
	"bytes"
	"encoding/json"
)

// EditJSON returns the call with its JSON body changed; as it is when the body
// is no object. Numbers keep their form.
func (c Call) EditJSON(edit func(body map[string]any)) Call {
	text, edited := EditJSON(c.Body, edit)
	if !edited {
		return c
	}
	c.Body = text
	if c.Header = c.Header.Clone(); c.Header != nil {
		c.Header.Del("X-Amz-Content-Sha256")
	}
	return c
}

// EditJSON returns a JSON object changed; the text as it is, and false, when that
// is no object. Numbers keep their form.
func EditJSON(text []byte, edit func(body map[string]any)) (edited []byte, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var body map[string]any
	if decoder.Decode(&body) != nil || body == nil {
		return text, false
	}
	edit(body)
	edited, err := json.Marshal(body)
	if err != nil {
		return text, false
	}
	return edited, true
}
