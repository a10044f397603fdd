-- +goose Up
-- Answers of models that were paid for, by the digest of their request.
CREATE TABLE model_answers (
	digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
	answer     bytea       NOT NULL CHECK (octet_length(answer) <= 4194304),
	expires_at timestamptz NOT NULL
);
CREATE INDEX model_answers_expires_at ON model_answers (expires_at);
