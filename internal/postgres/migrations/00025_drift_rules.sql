-- +goose Up
-- Which drift is expected. A rule that was taken back is kept, with by whom.
CREATE TABLE drift_rules (
    rule_id         text        PRIMARY KEY,
    stack_id        text        NOT NULL,
    address         text        NOT NULL CHECK (address <> ''),
    attribute       text        NOT NULL,
    reason          text        NOT NULL,
    created_by      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    drift_report_id text        NOT NULL DEFAULT '',
    suggestion_id   text        NOT NULL DEFAULT '',
    met             integer     NOT NULL DEFAULT 0,
    last_met_at     timestamptz,
    deleted_by      text        NOT NULL DEFAULT '',
    deleted_at      timestamptz
);
CREATE UNIQUE INDEX drift_rules_one ON drift_rules (stack_id, address, attribute) WHERE deleted_at IS NULL;
CREATE INDEX drift_rules_newest ON drift_rules (created_at DESC, rule_id DESC) WHERE deleted_at IS NULL;

-- A breaker may be for one attribute that others keep changing back.
ALTER TABLE breakers DROP CONSTRAINT breakers_scope_check;
ALTER TABLE breakers ADD CONSTRAINT breakers_scope_check CHECK (scope IN ('stack', 'region', 'agent', 'tool', 'attribute'));
