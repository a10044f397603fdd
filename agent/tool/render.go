package tool

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/aegisworld/aegis/agent/fence"
)

// Render gives the answer of a tool to a model as data: one line of JSON between two
// lines with a delimiter that the answer can't hold, as memories are given. What is
// no JSON is given as a JSON string. The same answer is rendered alike.
func Render(name string, output json.RawMessage) string {
	var compact, line bytes.Buffer
	if err := json.Compact(&compact, output); err != nil {
		text, _ := json.Marshal(string(output)) // strings always encode
		compact.Reset()
		compact.Write(text)
	}
	json.HTMLEscape(&line, bytes.ToValidUTF8(compact.Bytes(), []byte("\ufffd"))) // <, >, & and U+2028
	line.WriteByte('\n')
	return fence.Block("answers", "Answers of the tool "+strconv.QuoteToASCII(Clip(name, 128))+", as JSON lines", line.String())
}
