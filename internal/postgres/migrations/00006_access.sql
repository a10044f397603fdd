-- +goose Up
-- Secrets are kept as SHA-256 only.
CREATE TABLE tokens (
    token_id     text        PRIMARY KEY,
    name         text        NOT NULL CHECK (name <> ''),
    role         text        NOT NULL CHECK (role IN ('viewer', 'submitter', 'operator', 'admin', 'agent')),
    sum          bytea       NOT NULL UNIQUE CHECK (length(sum) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE TABLE login_codes (
    sum        bytea       PRIMARY KEY CHECK (length(sum) = 32),
    token_id   text        NOT NULL REFERENCES tokens,
    expires_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    sum        bytea       PRIMARY KEY CHECK (length(sum) = 32),
    token_id   text        NOT NULL REFERENCES tokens,
    expires_at timestamptz NOT NULL
);

-- A request without a status is being answered.
CREATE TABLE requests (
    principal  text        NOT NULL,
    key        text        NOT NULL,
    digest     bytea       NOT NULL CHECK (length(digest) = 32),
    status     integer,
    header     json,
    body       bytea,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX requests_expires_at ON requests (expires_at);
