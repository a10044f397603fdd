package api

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) driftRuleRoutes() {
	tags := []string{"drift"}
	handle(s, huma.Operation{
		OperationID: "list-drift-rules", Method: http.MethodGet, Path: "/v1/drift/rules", Tags: tags,
		Summary: "List the rules of expected drift, newest first",
	}, func(ctx context.Context, in *driftStackQuery) (*listOutput[aegis.DriftRule], error) {
		if s.DriftRules == nil {
			return nil, noDrift()
		}
		return listOf(s.DriftRules.Rules(ctx, in.StackID, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "add-drift-rules", Method: http.MethodPost, Path: "/v1/drift/rules", Tags: tags,
		Summary: "Expect drift: it is neither reported nor corrected", DefaultStatus: http.StatusCreated,
		Description: "For a stack, or for what a drift report is about: then one rule for each of its changes that fit address and attribute.",
	}, s.addDriftRules)
	handle(s, huma.Operation{
		OperationID: "delete-drift-rule", Method: http.MethodDelete, Path: "/v1/drift/rules/{rule_id}", Tags: tags,
		Summary: "Take a rule back; its drift is looked at again", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *driftRulePath) (*struct{}, error) {
		if s.DriftRules == nil {
			return nil, noDrift()
		}
		return nil, s.DriftRules.DeleteRule(ctx, in.RuleID, principal(ctx).Name)
	})
	handle(s, huma.Operation{
		OperationID: "list-drift-suggestions", Method: http.MethodGet, Path: "/v1/drift/suggestions", Tags: tags,
		Summary: "List the rules that past reports speak for, with the evidence; none is applied by itself",
	}, func(ctx context.Context, in *driftStackQuery) (*listOutput[aegis.DriftSuggestion], error) {
		if s.DriftRules == nil {
			return nil, noDrift()
		}
		found, err := s.DriftRules.Suggestions(ctx, in.StackID)
		if err != nil {
			return nil, err
		}
		return pageOf(found, in.PageQuery, func(g aegis.DriftSuggestion) string { return g.SuggestionID })
	})
	handle(s, huma.Operation{
		OperationID: "accept-drift-suggestion", Method: http.MethodPost, Path: "/v1/drift/suggestions/{suggestion_id}/accept", Tags: tags,
		Summary: "Make the rule that is suggested", DefaultStatus: http.StatusCreated,
	}, s.acceptSuggestion)
	handle(s, huma.Operation{
		OperationID: "adopt-drift", Method: http.MethodPost, Path: "/v1/drift/adoptions", Tags: tags,
		Summary: "Make the spec agree with what an open drift report found", DefaultStatus: http.StatusAccepted,
		Description: "Answers the change set whose patch does so. It fails, and nothing is written, unless the plan is clean with it.",
	}, func(ctx context.Context, in *adoptionInput) (*createdOutput[aegis.AutonomousChangeSet], error) {
		if s.Adopter == nil {
			return nil, noDrift()
		}
		return acceptedChange(s.Adopter.AdoptReport(ctx, in.Body.DriftReportID, principal(ctx).Name))
	})
}

type driftStackQuery struct {
	PageQuery

	StackID string `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
}

type driftRulePath struct {
	RuleID string `path:"rule_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// AdoptionRequest is the body of POST /v1/drift/adoptions.
type AdoptionRequest struct {
	DriftReportID string `json:"drift_report_id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

type adoptionInput struct {
	Body AdoptionRequest
}

// DriftRuleRequest is the body of POST /v1/drift/rules.
type DriftRuleRequest struct {
	StackID       string `json:"stack_id,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9._-]*$" doc:"The stack; absent with a report"`
	DriftReportID string `json:"drift_report_id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9._-]*$" doc:"A report whose changes are expected"`
	Address       string `json:"address,omitempty" maxLength:"1024" doc:"A resource's address or type, or a glob of either; needed without a report"`
	// Attribute is nil for all attributes, or all of the report's changes.
	Attribute *string    `json:"attribute,omitempty" maxLength:"512" doc:"A dotted path, which covers what is below it, or a glob; \"\" is the whole resource, deleted or unmanaged; all attributes when absent"`
	Reason    string     `json:"reason,omitempty" maxLength:"500" doc:"Why"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it ends by itself; never when absent"`
}

type driftRuleInput struct {
	Body DriftRuleRequest
}

func (s *server) addDriftRules(ctx context.Context, in *driftRuleInput) (*listOutput[aegis.DriftRule], error) {
	if s.DriftRules == nil {
		return nil, noDrift()
	}
	if err := s.checkDriftRule(ctx, in.Body); err != nil {
		return nil, err
	}
	made, err := s.DriftRules.AddRules(ctx, aegis.DriftRule{
		StackID: in.Body.StackID, Address: in.Body.Address, Reason: in.Body.Reason, CreatedBy: principal(ctx).Name,
		ExpiresAt: in.Body.ExpiresAt, DriftReportID: in.Body.DriftReportID,
	}, in.Body.Attribute)
	return listOf(made, "", err)
}

func (s *server) checkDriftRule(ctx context.Context, r DriftRuleRequest) error {
	var faults aegis.InvalidError
	attribute := ""
	if r.Attribute != nil {
		attribute = *r.Attribute
	}
	for field, text := range map[string]string{"address": r.Address, "attribute": attribute} {
		if !printable(text) {
			faults.Add(field, "remove the control characters")
		}
	}
	if _, err := path.Match(attribute, ""); err != nil {
		faults.Add("attribute", "is no pattern: close the brackets")
	}
	s.checkTerms(&faults, r.Reason, r.ExpiresAt)
	switch {
	case (r.StackID == "") == (r.DriftReportID == ""):
		faults.Add("stack_id", "give either a stack or a drift report")
	case r.DriftReportID == "" && r.Address == "":
		faults.Add("address", "is needed without a report; * is every resource")
	}
	if err := faults.OrNil(); err != nil || r.StackID == "" {
		return err
	}
	if _, err := s.Stacks.Stack(ctx, r.StackID); err != nil {
		return fmt.Errorf("expect drift: %w", err)
	}
	return nil
}

func (s *server) checkTerms(faults *aegis.InvalidError, reason string, expires *time.Time) {
	if !printable(reason) {
		faults.Add("reason", "remove the control characters")
	}
	if expires != nil && !expires.After(s.Now()) {
		faults.Add("expires_at", "it has passed")
	}
}

// AcceptRequest is the body of POST /v1/drift/suggestions/{suggestion_id}/accept.
type AcceptRequest struct {
	Reason    string     `json:"reason,omitempty" maxLength:"500" doc:"Why; what spoke for it when absent"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When the rule ends by itself; never when absent"`
}

type acceptInput struct {
	SuggestionID string `path:"suggestion_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	Body         *AcceptRequest
}

func (s *server) acceptSuggestion(ctx context.Context, in *acceptInput) (*itemOutput[aegis.DriftRule], error) {
	if s.DriftRules == nil {
		return nil, noDrift()
	}
	terms := AcceptRequest{}
	if in.Body != nil {
		terms = *in.Body
	}
	var faults aegis.InvalidError
	s.checkTerms(&faults, terms.Reason, terms.ExpiresAt)
	if err := faults.OrNil(); err != nil {
		return nil, err
	}
	return itemOf(s.DriftRules.AcceptSuggestion(ctx, in.SuggestionID, principal(ctx).Name, terms.Reason, terms.ExpiresAt))
}
