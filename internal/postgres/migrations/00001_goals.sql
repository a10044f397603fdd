-- +goose Up
CREATE TABLE goals (
    goal_id         text PRIMARY KEY
);
