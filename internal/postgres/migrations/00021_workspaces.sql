-- +goose Up
ALTER TABLE stacks
    ADD COLUMN mode text NOT NULL DEFAULT 'managed' CHECK (mode IN ('observe', 'managed')),
    ADD COLUMN set_name text NOT NULL DEFAULT '';
CREATE INDEX stacks_set_name ON stacks (set_name) WHERE set_name <> '';

-- Uploaded workspaces, compressed and encrypted, by the SHA-256 in hex of what
-- was uploaded.
CREATE TABLE workspace_archives (
    digest     text        PRIMARY KEY,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
