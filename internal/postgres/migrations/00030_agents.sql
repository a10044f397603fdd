-- +goose Up
CREATE TABLE agents (
    agent_id   text        PRIMARY KEY,
    name       text        NOT NULL UNIQUE CHECK (name <> ''),
    role       text        NOT NULL,
    envelope   json        NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX agents_newest ON agents (created_at DESC, agent_id DESC);

-- The agent that carries the goal out, '' for the planner.
ALTER TABLE goals ADD agent text NOT NULL DEFAULT '';
