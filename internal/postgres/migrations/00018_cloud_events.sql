-- +goose Up
-- What the stacks manage, by the engines' state, to find it by: keys are id,
-- ARN, name and parents.
CREATE TABLE resource_index (
    stack_id text   NOT NULL REFERENCES stacks ON DELETE CASCADE,
    address  text   NOT NULL,
    type     text   NOT NULL,
    region   text   NOT NULL,
    id       text   NOT NULL,
    arn      text   NOT NULL,
    name     text   NOT NULL,
    parents  text[] NOT NULL,
    keys     text[] NOT NULL,
    PRIMARY KEY (stack_id, address)
);
CREATE INDEX resource_index_keys ON resource_index USING gin (keys);

-- Access keys of sessions that the autopilot was given; never the secrets.
CREATE TABLE issued_keys (
    access_key_id text        PRIMARY KEY,
    change_set_id text        NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX issued_keys_expires_at ON issued_keys (expires_at);

-- Calls that CloudTrail told of. own: made with an issued key.
CREATE TABLE cloud_events (
    event_id      text        PRIMARY KEY,
    source        text        NOT NULL,
    name          text        NOT NULL,
    region        text        NOT NULL,
    account_id    text        NOT NULL,
    at            timestamptz NOT NULL,
    actor         json        NOT NULL,
    refs          json        NOT NULL,
    keys          text[]      NOT NULL,
    own           boolean     NOT NULL,
    change_set_id text        NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cloud_events_keys ON cloud_events USING gin (keys);
CREATE INDEX cloud_events_received_at ON cloud_events (received_at);

-- The stacks that an event is about, and when they were looked at because of it.
CREATE TABLE cloud_event_stacks (
    stack_id  text        NOT NULL REFERENCES stacks ON DELETE CASCADE,
    event_id  text        NOT NULL REFERENCES cloud_events ON DELETE CASCADE,
    addresses text[]      NOT NULL,
    seen_at   timestamptz,
    PRIMARY KEY (event_id, stack_id)
);
CREATE INDEX cloud_event_stacks_pending ON cloud_event_stacks (stack_id) WHERE seen_at IS NULL;
