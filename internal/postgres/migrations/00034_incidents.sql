-- +goose Up
-- incident holds the whole document; the other columns are what queries ask for:
-- the keys of its findings, and the resources and stacks of its blast radius.
CREATE TABLE incidents (
    incident_id text        PRIMARY KEY,
    state       text        NOT NULL CHECK (state IN ('open', 'closed')),
    severity    int         NOT NULL CHECK (severity BETWEEN 1 AND 5),
    findings    text[]      NOT NULL,
    resources   text[]      NOT NULL,
    stack_ids   text[]      NOT NULL,
    incident    json        NOT NULL,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX incidents_newest ON incidents (opened_at DESC, incident_id DESC);
CREATE INDEX incidents_findings ON incidents USING gin (findings);
CREATE INDEX incidents_resources ON incidents USING gin (resources) WHERE state = 'open';
CREATE INDEX incidents_stacks ON incidents USING gin (stack_ids);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE state = 'closed';

-- When the newest word of each finding was said: older ones come late and say nothing.
CREATE TABLE findings (
    finding text        PRIMARY KEY,
    said_at timestamptz NOT NULL
);
CREATE INDEX findings_said_at ON findings (said_at);
