package tool

import "encoding/json"

// Render temp.
func Render(name string, output json.RawMessage) string { return name + string(output) }
