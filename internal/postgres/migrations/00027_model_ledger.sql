-- +goose Up
-- Money for models, in millionths of a US dollar. A scope is goal:ID,
-- submitter:NAME:MONTH, day:DATE or month:MONTH; a limit below zero is none.
CREATE TABLE model_accounts (
    scope           text   PRIMARY KEY,
    limit_micros    bigint NOT NULL,
    reserved_micros bigint NOT NULL DEFAULT 0 CHECK (reserved_micros >= 0),
    spent_micros    bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0)
);

-- What is set aside for a call that is being made, at each of its scopes. A hold
-- whose process died expires, and counts as spent.
CREATE TABLE model_holds (
    hold_id    text        PRIMARY KEY,
    scopes     text[]      NOT NULL,
    micros     bigint      NOT NULL CHECK (micros >= 0),
    expires_at timestamptz NOT NULL
);
CREATE INDEX model_holds_expiry ON model_holds (expires_at);
