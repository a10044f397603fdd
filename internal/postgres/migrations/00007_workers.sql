-- +goose Up
-- Processes that work jobs. River itself gives a dead worker's job back only
-- after the longest job's timeout; a silent row here gives it back at once.
CREATE TABLE workers (
    worker_id text        PRIMARY KEY,
    beat_at   timestamptz NOT NULL
);
