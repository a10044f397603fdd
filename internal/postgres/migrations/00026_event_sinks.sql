-- +goose Up
-- How far the events were passed on to what takes them beside this database.
-- Their numbers are in the order of commit, so one number is enough.
CREATE TABLE event_sinks (
    sink    text        PRIMARY KEY,
    seq     bigint      NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
