package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// ChangeSet reads a change set.
func (c *Client) ChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return get[aegis.AutonomousChangeSet](ctx, c, "/v1/change-sets/"+url.PathEscape(id), nil)
}

// ChangeSets lists change sets that match a filter.
func (c *Client) ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, p aegis.Page) (List[aegis.AutonomousChangeSet], error) {
	q := pageQuery(p)
	set(q, "state", string(f.State))
	set(q, "stack_id", f.StackID)
	set(q, "goal_id", f.GoalID)
	set(q, "source", string(f.Source))
	return get[List[aegis.AutonomousChangeSet]](ctx, c, "/v1/change-sets", q)
}

// RollbackChangeSet proposes a change set that undoes another.
func (c *Client) RollbackChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/change-sets/"+url.PathEscape(id)+"/rollback", nil)
}

// CancelChangeSet stops a change set.
func (c *Client) CancelChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/change-sets/"+url.PathEscape(id)+"/cancel", nil)
}

// Traces lists traces of tasks.
func (c *Client) Traces(ctx context.Context, p aegis.Page) (List[aegis.TaskTrace], error) {
	return get[List[aegis.TaskTrace]](ctx, c, "/v1/traces", pageQuery(p))
}

// Trace reads a task's trace.
func (c *Client) Trace(ctx context.Context, id string) (aegis.TaskTrace, error) {
	return get[aegis.TaskTrace](ctx, c, "/v1/traces/"+url.PathEscape(id), nil)
}
