-- +goose Up
-- The URL and the secrets are sealed by the control plane; url is what people
-- may see. Events up to after_seq happened before the webhook was made.
CREATE TABLE webhooks (
    webhook_id        text        PRIMARY KEY,
    description       text        NOT NULL,
    url               text        NOT NULL,
    url_sealed        bytea       NOT NULL,
    secret_sealed     bytea       NOT NULL,
    old_secret_sealed bytea,
    old_secret_until  timestamptz,
    format            text        NOT NULL CHECK (format IN ('cloudevents', 'slack', 'teams')),
    event_types       text[]      NOT NULL,
    stacks            text[]      NOT NULL,
    state             text        NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    disabled_reason   text        NOT NULL DEFAULT '',
    disabled_at       timestamptz,
    failures          integer     NOT NULL DEFAULT 0,
    failing_since     timestamptz,
    paused_until      timestamptz,
    last_delivered_at timestamptz,
    created_by        text        NOT NULL,
    created_at        timestamptz NOT NULL,
    after_seq         bigint      NOT NULL,
    CHECK ((old_secret_sealed IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX webhooks_newest ON webhooks (created_at DESC, webhook_id DESC);

-- How far the events were turned into deliveries. Their numbers are in the order
-- of commit, so one number is enough.
CREATE TABLE webhook_cursor (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    seq     bigint  NOT NULL
);
INSERT INTO webhook_cursor (seq) SELECT coalesce(max(seq), 0) FROM events;

-- The last ordinal of each stack; '' is what is no stack's.
CREATE TABLE webhook_streams (
    stack_id text   PRIMARY KEY,
    ordinal  bigint NOT NULL
);

-- tries counts the attempts since it was last queued. An earlier one that is
-- pending holds up later ones of its webhook and stack until hold_until; manual
-- ones wait for nothing.
CREATE TABLE webhook_deliveries (
    delivery_id      text        PRIMARY KEY,
    webhook_id       text        NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_seq        bigint      NOT NULL,
    event_type       text        NOT NULL,
    stack_id         text        NOT NULL,
    ordinal          bigint      NOT NULL,
    state            text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    attempts         integer     NOT NULL DEFAULT 0,
    tries            integer     NOT NULL DEFAULT 0,
    error            text        NOT NULL DEFAULT '',
    manual           boolean     NOT NULL DEFAULT false,
    queued_at        timestamptz NOT NULL DEFAULT now(),
    hold_until       timestamptz NOT NULL,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    attempting_until timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz,
    CHECK ((state = 'pending') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, created_at DESC, delivery_id DESC);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, stack_id, ordinal) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_ended_at ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id text        NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    attempt     integer     NOT NULL,
    at          timestamptz NOT NULL,
    status      integer     NOT NULL,
    latency_ms  bigint      NOT NULL,
    response    text        NOT NULL,
    error       text        NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
);
