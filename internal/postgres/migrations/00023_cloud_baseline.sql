-- +goose Up
-- When a region's unmanaged resources were last listed, and those that are
-- known and left: what was there at first.
CREATE TABLE cloud_stocks (
    region   text        PRIMARY KEY,
    taken_at timestamptz NOT NULL
);
CREATE TABLE cloud_baseline (
    region   text  NOT NULL REFERENCES cloud_stocks ON DELETE CASCADE,
    key      text  NOT NULL,
    resource jsonb NOT NULL,
    PRIMARY KEY (region, key)
);
