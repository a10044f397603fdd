package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// AgentMemory lists what an agent remembers, newest first or, with a text, best
// first.
func (c *Client) AgentMemory(ctx context.Context, f aegis.MemoryFilter, p aegis.Page) (List[aegis.Memory], error) {
	q := pageQuery(p)
	set(q, "q", f.Text)
	set(q, "kind", string(f.Kind))
	set(q, "scope", f.Scope)
	return get[List[aegis.Memory]](ctx, c, "/v1/agents/"+url.PathEscape(f.AgentID)+"/memory", q)
}
