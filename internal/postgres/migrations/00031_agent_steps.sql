-- +goose Up
-- What agents did for goals, step by step, so that none is paid twice.
CREATE TABLE agent_steps (
    goal_id    text        NOT NULL,
    number     int         NOT NULL CHECK (number > 0),
    step       jsonb       NOT NULL,
    ended      boolean     NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (goal_id, number)
);

ALTER TABLE agents ADD tools json NOT NULL DEFAULT '[]', ADD models json NOT NULL DEFAULT '[]';
