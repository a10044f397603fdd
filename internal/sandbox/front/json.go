package front

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// readJSON reads a call's body, an empty one as an empty object; what can't be
// read is the caller's fault.
func readJSON(c wire.Call, into any) error {
	if len(c.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.Body, into); err != nil {
		return apiError("SerializationException", http.StatusBadRequest, "The request's body can't be read.")
	}
	return nil
}

// bodyOf is a call's body where the emulator judges it; empty when it can't be
// read.
func bodyOf[T any](c wire.Call) T {
	var body, none T
	if json.Unmarshal(c.Body, &body) != nil {
		return none
	}
	return body
}

// edited is an answer with a JSON object changed; as it is when it is none.
func edited(answer []byte, edit func(body map[string]any)) []byte {
	text, _ := wire.EditJSON(answer, edit)
	return text
}

// pathArg is the path's segment after the named one; "" when there is none.
func pathArg(c wire.Call, after string) string {
	parts := strings.Split(strings.Trim(c.URL.EscapedPath(), "/"), "/")
	i := slices.Index(parts, after)
	if i < 0 || i+1 >= len(parts) {
		return ""
	}
	part, err := url.PathUnescape(parts[i+1])
	if err != nil {
		return ""
	}
	return part
}

// unix is a time as JSON protocols write it, in seconds since 1970.
type unix time.Time

// MarshalJSON implements json.Marshaler.
func (t unix) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(t).UnixMilli())/1000), nil
}
