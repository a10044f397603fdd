-- +goose Up
CREATE TABLE events (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text        NOT NULL,
    id      text        NOT NULL,
    goal_id text        NOT NULL,
    type    text        NOT NULL,
    data    json        NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_goal_id ON events (goal_id, seq) WHERE goal_id <> '';
CREATE INDEX events_at ON events USING brin (at);
