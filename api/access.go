package api

import "github.com/aegisworld/aegis"

// access is what a route demands of its caller.
type access int

const (
	// public routes need no token.
	public access = iota + 1
	// read is for every role.
	read
	// person is for every role but agents.
	person
	// submit is for who may ask for changes.
	submit
	// operate is for who may steer changes and their envelope.
	operate
	// act is for who may steer changes, and for agents, themselves.
	act
	// administer is for who may hand out access and adopt stacks.
	administer
)

// allows says whether a role meets the demand. A role or a demand that is not
// known is refused.
func (a access) allows(r aegis.Role) bool {
	switch r {
	case aegis.RoleAdmin:
		return a >= public && a <= administer
	case aegis.RoleOperator:
		return a >= public && a <= act
	case aegis.RoleSubmitter:
		return a >= public && a <= submit
	case aegis.RoleViewer:
		return a >= public && a <= person
	case aegis.RoleAgent:
		return a == public || a == read || a == act
	default:
		return false
	}
}

// accessTable gives each route's demand, by method and pattern. A route that is
// missing here is closed to everybody.
func accessTable() map[string]access { //nolint:funlen // a table
	return map[string]access{
		"GET /healthz":      public,
		"GET /readyz":       public,
		"GET /openapi.json": public,
		"GET /metrics":      read,

		"POST /v1/goals":                               submit,
		"GET /v1/goals":                                read,
		"GET /v1/goals/intents":                        read,
		"POST /v1/goals/preview":                       submit,
		"GET /v1/goals/:goal_id":                       read,
		"GET /v1/goals/:goal_id/events":                read,
		"GET /v1/goals/:goal_id/steps":                 person,
		"POST /v1/goals/:goal_id/cancel":               submit,
		"GET /v1/events/stream":                        read,
		"GET /v1/change-sets":                          read,
		"GET /v1/change-sets/:change_set_id":           read,
		"POST /v1/change-sets/:change_set_id/rollback": operate,
		"POST /v1/change-sets/:change_set_id/cancel":   operate,

		"GET /v1/stacks":                      read,
		"POST /v1/stacks":                     administer,
		"GET /v1/stacks/:stack_id":            read,
		"GET /v1/stacks/:stack_id/drift":      read,
		"POST /v1/stacks/:stack_id/reconcile": operate,
		"POST /v1/stacks/:stack_id/variables": operate,
		"POST /v1/stacks/:stack_id/destroy":   administer,
		"POST /v1/stacks/:stack_id/mode":      administer,
		"POST /v1/stacks/:stack_id/unlock":    administer,

		"GET /v1/drift-reports":                  read,
		"GET /v1/drift-reports/:drift_report_id": read,
		"POST /v1/events":                        operate,
		"GET /v1/drift/rules":                    read,
		"POST /v1/drift/rules":                   operate,
		"DELETE /v1/drift/rules/:rule_id":        operate,
		"GET /v1/drift/suggestions":              read,
		"POST /v1/drift/adoptions":               operate,

		"POST /v1/drift/suggestions/:suggestion_id/accept": operate,

		"GET /v1/breakers":                        read,
		"POST /v1/breakers":                       operate,
		"POST /v1/breakers/:breaker_id/close":     operate,
		"GET /v1/budgets":                         read,
		"POST /v1/budgets":                        operate,
		"GET /v1/policies/decisions":              read,
		"GET /v1/policies/decisions/:decision_id": read,
		"POST /v1/policies/simulate":              operate,
		"GET /v1/policies/bundles":                read,
		"GET /v1/policies/bundles/active":         person,
		"POST /v1/policies/bundles":               operate,
		"POST /v1/policies/bundles/rollback":      operate,
		"GET /v1/traces":                          read,
		"GET /v1/traces/:trace_id":                read,

		"GET /v1/whoami":              read,
		"GET /v1/tokens":              administer,
		"POST /v1/tokens":             administer,
		"DELETE /v1/tokens/:token_id": administer,
		"POST /v1/login-links":        person,

		"POST /v1/agents":                   operate,
		"GET /v1/agents":                    read,
		"GET /v1/agents/:agent_id":          read,
		"POST /v1/agents/:agent_id/execute": act,
		"GET /v1/agents/:agent_id/memory":   person,
		"POST /v1/domain/social/projects":   submit,
		"POST /v1/domain/dev/pipelines":     submit,
		"POST /v1/domain/games/projects":    submit,
		"GET /v1/incidents":                 read,
		"GET /v1/incidents/:incident_id":    read,
		"POST /v1/findings":                 operate,
		"GET /v1/tools":                     read,
		"GET /v1/models":                    read,

		"GET /v1/webhooks":                        operate,
		"POST /v1/webhooks":                       operate,
		"GET /v1/webhooks/:webhook_id":            operate,
		"DELETE /v1/webhooks/:webhook_id":         operate,
		"POST /v1/webhooks/:webhook_id/rotate":    operate,
		"POST /v1/webhooks/:webhook_id/enable":    operate,
		"POST /v1/webhooks/:webhook_id/test":      operate,
		"GET /v1/webhooks/:webhook_id/deliveries": operate,

		"GET /v1/webhooks/:webhook_id/deliveries/:delivery_id":            operate,
		"POST /v1/webhooks/:webhook_id/deliveries/:delivery_id/redeliver": operate,
	}
}
