-- +goose Up
-- change_set holds the whole document; the other columns are what queries ask
-- for. Of version, created_at and updated_at the columns are right.
CREATE TABLE change_sets (
    change_set_id   text        PRIMARY KEY,
    source          text        NOT NULL,
    goal_id         text        NOT NULL,
    stack_ids       text[]      NOT NULL,
    promotion_state text        NOT NULL CHECK (promotion_state IN
        ('proposed', 'canary', 'applying', 'rolling_back', 'promoted', 'denied', 'rolled_back', 'failed', 'cancelled')),
    phase           text        NOT NULL CHECK (phase IN
        ('plan', 'gate', 'canary', 'apply', 'verify', 'rollback', 'done')),
    change_set      json        NOT NULL,
    memory          json        NOT NULL DEFAULT '{}',
    version         bigint      NOT NULL,
    -- The worker that holds it, '' between stages, and until when it may be silent.
    holder          text        NOT NULL DEFAULT '',
    held_until      timestamptz,
    -- When the newest job is due.
    due_at          timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CHECK ((holder = '') = (held_until IS NULL))
);
CREATE INDEX change_sets_newest ON change_sets (created_at DESC, change_set_id DESC);
CREATE INDEX change_sets_goal_id ON change_sets (goal_id, created_at) WHERE goal_id <> '';
CREATE INDEX change_sets_stack_ids ON change_sets USING gin (stack_ids);
CREATE INDEX change_sets_unfinished ON change_sets (change_set_id) WHERE phase <> 'done';

-- A row outlives its owner, so that the fencing token only ever rises. Who
-- runs now, and until when, is in the owner's row.
CREATE TABLE leases (
    stack_id      text   PRIMARY KEY,
    change_set_id text   REFERENCES change_sets,
    fencing_token bigint NOT NULL
);
CREATE INDEX leases_change_set_id ON leases (change_set_id) WHERE change_set_id IS NOT NULL;

CREATE TABLE decisions (
    decision_id     text        PRIMARY KEY,
    change_set_id   text        NOT NULL,
    stack_ids       text[]      NOT NULL,
    bundle_revision text        NOT NULL,
    path            text        NOT NULL,
    input           json        NOT NULL,
    input_digest    text        NOT NULL,
    result          json        NOT NULL,
    allowed         boolean     NOT NULL,
    latency_us      bigint      NOT NULL,
    decided_at      timestamptz NOT NULL
);
CREATE INDEX decisions_newest ON decisions (decided_at DESC, decision_id DESC);
CREATE INDEX decisions_stack_ids ON decisions USING gin (stack_ids);
