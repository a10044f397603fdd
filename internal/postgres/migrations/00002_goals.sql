-- +goose Up
CREATE TABLE goals (
    goal_id       text        PRIMARY KEY,
    spec          json        NOT NULL,
    state         text        NOT NULL CHECK (state IN
        ('accepted', 'planning', 'running', 'succeeded', 'failed', 'denied', 'cancelled')),
    submitter     text        NOT NULL,
    understanding text        NOT NULL,
    error         text        NOT NULL,
    trace_id      text        NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX goals_newest ON goals (created_at DESC, goal_id DESC);

-- A trace's steps are rows of their own, so that a step is appended without
-- writing the ones before it again.
CREATE TABLE traces (
    trace_id      text             PRIMARY KEY,
    goal_id       text             NOT NULL,
    change_set_id text             NOT NULL,
    tool_calls    bigint           NOT NULL DEFAULT 0,
    model_calls   bigint           NOT NULL DEFAULT 0,
    latency_ms    bigint           NOT NULL DEFAULT 0,
    token_cost    double precision NOT NULL DEFAULT 0,
    outcome       text             NOT NULL DEFAULT '',
    created_at    timestamptz      NOT NULL DEFAULT now()
);
CREATE INDEX traces_newest ON traces (created_at DESC, trace_id DESC);

CREATE TABLE trace_steps (
    trace_id text   NOT NULL REFERENCES traces ON DELETE CASCADE,
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    step     json   NOT NULL,
    PRIMARY KEY (trace_id, seq)
);
