package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) driftRoutes() {
	tags := []string{"drift"}
	const list = "/v1/drift-reports"
	handle(s, huma.Operation{
		OperationID: "list-drift-reports", Method: http.MethodGet, Path: list, Tags: tags,
		Summary:     "List drift reports, or their causes",
		Description: "With group_by=cause, an item sums up all reports of one cause over the fleet.",
	}, s.driftReports)
	schemas := s.huma.OpenAPI().Components.Schemas
	s.huma.OpenAPI().Paths[list].Get.Responses["200"].Content["application/json"].Schema = &huma.Schema{OneOf: []*huma.Schema{
		schemas.Schema(reflect.TypeFor[List[aegis.DriftReport]](), true, ""),
		schemas.Schema(reflect.TypeFor[List[aegis.DriftGroup]](), true, ""),
	}}
	handle(s, huma.Operation{
		OperationID: "get-drift-report", Method: http.MethodGet, Path: list + "/{drift_report_id}", Tags: tags,
		Summary: "Read a drift report",
	}, func(ctx context.Context, in *driftReportPath) (*itemOutput[aegis.DriftReport], error) {
		if s.Drift == nil {
			return nil, noDrift()
		}
		return itemOf(s.Drift.DriftReport(ctx, in.DriftReportID))
	})
	handle(s, huma.Operation{
		OperationID: "take-events", Method: http.MethodPost, Path: "/v1/events", Tags: tags,
		Summary: "Hand in what CloudTrail tells",
		Description: "The body is a CloudTrail record, a list of them, {\"Records\":[…]}, an EventBridge event of CloudTrail, or an SNS " +
			"notification of one of these, up to 1 MiB. Events are known by their id: handing one in again does nothing.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxBody,
	}, s.takeEvents)
}

func noDrift() error { return fmt.Errorf("keep drift reports: %w", aegis.ErrNotImplemented) }

type driftReportPath struct {
	DriftReportID string `path:"drift_report_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// DriftQuery narrows the list of drift reports.
type DriftQuery struct {
	PageQuery

	StackID string           `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
	Kind    aegis.DriftKind  `query:"kind"     enum:"changed,deleted,unmanaged"`
	State   aegis.DriftState `query:"state"    enum:"open,corrected,adopted,reported,superseded"`
	Group   string           `query:"group"    maxLength:"64"                               pattern:"^[A-Za-z0-9._-]+$" doc:"A cause's group"`
	GroupBy string           `query:"group_by" enum:"cause"                                 doc:"Sum up reports by their cause"`
}

type anyOutput struct {
	Body any
}

func (s *server) driftReports(ctx context.Context, in *DriftQuery) (*anyOutput, error) {
	if s.Drift == nil {
		return nil, noDrift()
	}
	filter := aegis.DriftFilter{StackID: in.StackID, Kind: in.Kind, State: in.State, Group: in.Group}
	if in.GroupBy == "cause" {
		return anyList(listOf(s.Drift.DriftGroups(ctx, filter, in.page())))
	}
	return anyList(listOf(s.Drift.DriftReports(ctx, filter, in.page())))
}

func anyList[T any](list *listOutput[T], err error) (*anyOutput, error) {
	if err != nil {
		return nil, err
	}
	return &anyOutput{Body: list.Body}, nil
}

type eventsInput struct {
	Body json.RawMessage
}

func (s *server) takeEvents(ctx context.Context, in *eventsInput) (*itemOutput[aegis.EventCounts], error) {
	if s.Intake == nil {
		return nil, noDrift()
	}
	return itemOf(s.Intake.TakeEvents(ctx, in.Body))
}
