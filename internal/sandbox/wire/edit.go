package wire

import (
	"bytes"
	"encoding/json"
)

// EditJSON returns the call with its JSON body changed; as it is when the body
// is no object. Numbers keep their form.
func (c Call) EditJSON(edit func(body map[string]any)) Call {
	decoder := json.NewDecoder(bytes.NewReader(c.Body))
	decoder.UseNumber()
	var body map[string]any
	if decoder.Decode(&body) != nil || body == nil {
		return c
	}
	edit(body)
	text, err := json.Marshal(body)
	if err != nil {
		return c
	}
	c.Body = text
	if c.Header = c.Header.Clone(); c.Header != nil {
		c.Header.Del("X-Amz-Content-Sha256")
	}
	return c
}
