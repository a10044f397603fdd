-- +goose Up
-- Keys that all workers share, such as that of plan digests. Who reads this
-- database reads the specs too, so that a key hides nothing from them.
CREATE TABLE shared_keys (
    name  text  PRIMARY KEY,
    value bytea NOT NULL CHECK (length(value) = 32)
);
