-- +goose Up
-- Copies of the rows that Pulumi's Postgres backend keeps of one stack.
CREATE TABLE state_snapshots (
    snapshot_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stack_name  text        NOT NULL,
    files       json        NOT NULL,
    taken_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX state_snapshots_stack_name ON state_snapshots (stack_name, snapshot_id DESC);
