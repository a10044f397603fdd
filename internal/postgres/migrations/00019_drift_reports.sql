-- +goose Up
-- report holds the whole document; the other columns are what queries ask for.
CREATE TABLE drift_reports (
    drift_report_id text        PRIMARY KEY,
    stack_id        text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('changed', 'deleted', 'unmanaged')),
    state           text        NOT NULL CHECK (state IN ('open', 'corrected', 'adopted', 'reported', 'superseded')),
    cause_group     text        NOT NULL,
    report          json        NOT NULL,
    detected_at     timestamptz NOT NULL,
    resolved_at     timestamptz,
    CHECK ((state = 'open') = (resolved_at IS NULL))
);
CREATE INDEX drift_reports_newest ON drift_reports (detected_at DESC, drift_report_id DESC);
CREATE INDEX drift_reports_stack_id ON drift_reports (stack_id, detected_at DESC, drift_report_id DESC);
CREATE INDEX drift_reports_group ON drift_reports (cause_group, detected_at DESC);
CREATE INDEX drift_reports_open ON drift_reports (stack_id) WHERE state IN ('open', 'reported');
CREATE INDEX drift_reports_resolved_at ON drift_reports (resolved_at) WHERE state <> 'open';
