-- +goose Up
CREATE TABLE stacks (
    stack_id           text        PRIMARY KEY,
    kind               text        NOT NULL CHECK (kind IN ('pulumi_stack', 'terraform_workspace')),
    environment        text        NOT NULL,
    layer              text        NOT NULL,
    region             text        NOT NULL,
    state              text        NOT NULL CHECK (state IN ('pending', 'converging', 'clean', 'drifted', 'unknown')),
    error              text        NOT NULL DEFAULT '',
    revision           bigint      NOT NULL DEFAULT 0 CHECK (revision >= 0),
    resource_count     bigint      NOT NULL DEFAULT 0 CHECK (resource_count >= 0),
    last_reconciled_at timestamptz,
    source             json,
    depends_on         text[]      NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX stacks_newest ON stacks (created_at DESC, stack_id DESC);

CREATE TABLE spec_revisions (
    stack_id      text        NOT NULL REFERENCES stacks,
    revision      bigint      NOT NULL CHECK (revision > 0),
    spec          json        NOT NULL,
    change_set_id text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stack_id, revision)
);

-- The newest observation of each stack.
CREATE TABLE observations (
    stack_id    text        PRIMARY KEY REFERENCES stacks,
    observation json        NOT NULL,
    observed_at timestamptz NOT NULL
);
