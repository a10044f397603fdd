-- +goose Up
CREATE TABLE breakers (
    breaker_id text        PRIMARY KEY,
    scope      text        NOT NULL CHECK (scope IN ('stack', 'region', 'agent', 'tool')),
    key        text        NOT NULL CHECK (key <> ''),
    open       boolean     NOT NULL,
    reason     text        NOT NULL,
    opened_by  text        NOT NULL,
    opened_at  timestamptz NOT NULL,
    closed_by  text        NOT NULL DEFAULT '',
    closed_at  timestamptz,
    expires_at timestamptz
);
CREATE UNIQUE INDEX breakers_one_open ON breakers (scope, key) WHERE open;

-- Money is in US dollars a month; a negative limit is none.
CREATE TABLE budget_accounts (
    scope        text           PRIMARY KEY,
    limit_usd    numeric(20, 6) NOT NULL,
    reserved_usd numeric(20, 6) NOT NULL DEFAULT 0 CHECK (reserved_usd >= 0),
    spent_usd    numeric(20, 6) NOT NULL DEFAULT 0
);

CREATE TABLE reservations (
    change_set_id text           NOT NULL REFERENCES change_sets,
    scope         text           NOT NULL REFERENCES budget_accounts,
    usd           numeric(20, 6) NOT NULL CHECK (usd >= 0),
    PRIMARY KEY (change_set_id, scope)
);
