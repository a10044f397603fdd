package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestAgentMemory(t *testing.T) {
	t.Parallel()
	srv, c := sampled(t)
	for _, text := range []string{"first note", "second note"} {
		srv.PutMemory(aegis.Memory{MemoryID: text, AgentID: "planner", Kind: aegis.MemorySession, Scope: "goal-1", Text: text})
	}
	f := aegis.MemoryFilter{AgentID: "planner", Kind: aegis.MemorySession, Scope: "goal-1", Text: "note"}
	list, err := c.AgentMemory(t.Context(), f, aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "second note", list.Items[0].Text)
	rest, err := c.AgentMemory(t.Context(), f, aegis.Page{Cursor: list.NextCursor})
	require.NoError(t, err)
	require.Equal(t, "first note", rest.Items[0].Text)
	_, err = c.AgentMemory(t.Context(), aegis.MemoryFilter{AgentID: "no/body"}, aegis.Page{})
	require.Error(t, err)
	_, err = c.AgentMemory(t.Context(), aegis.MemoryFilter{AgentID: "nobody"}, aegis.Page{})
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestTools(t *testing.T) {
	t.Parallel()
	_, c := sampled(t)
	first, err := c.Tools(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "github.search", first.Items[0].Name)
	rest, err := c.Tools(t.Context(), aegis.Page{Cursor: first.NextCursor})
	require.NoError(t, err)
	require.Equal(t, "list_stacks", rest.Items[0].Name)
	require.JSONEq(t, `{"type":"object"}`, string(rest.Items[0].Input))
}
