-- +goose Up
-- Bundles as they came, by the SHA-256 over their files.
CREATE TABLE policy_archives (
    digest     text        PRIMARY KEY,
    archive    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One row for each bundle that was proposed, and for each that came from a
-- source and was refused before it could be: that one has no change set.
CREATE TABLE policy_bundles (
    bundle_id     text        PRIMARY KEY,
    change_set_id text        UNIQUE REFERENCES change_sets,
    digest        text        NOT NULL,
    source        text        NOT NULL,
    actor         text        NOT NULL,
    error         text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    activated_at  timestamptz
);
CREATE INDEX policy_bundles_newest ON policy_bundles (created_at DESC, bundle_id DESC);

-- What runs: one row. 'embedded' is the bundle inside the binary.
CREATE TABLE policy_running (
    one_row       boolean     PRIMARY KEY DEFAULT true CHECK (one_row),
    digest        text        NOT NULL DEFAULT 'embedded',
    change_set_id text        NOT NULL DEFAULT '',
    shadow        text        NOT NULL DEFAULT '',
    generation    bigint      NOT NULL DEFAULT 1,
    changed_at    timestamptz NOT NULL DEFAULT now()
);
INSERT INTO policy_running DEFAULT VALUES;
