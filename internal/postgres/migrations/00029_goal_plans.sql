-- +goose Up
ALTER TABLE goals ADD plan json, ADD result json;

-- A task of a goal has one change set, however often it is proposed.
CREATE UNIQUE INDEX change_sets_task ON change_sets (goal_id, (change_set ->> 'task_id'))
    WHERE goal_id <> '' AND change_set ->> 'task_id' <> '';
