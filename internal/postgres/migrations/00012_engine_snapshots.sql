-- +goose Up
-- States from before and after applies, compressed and encrypted by the engine:
-- what one worker began another may have to bring to an end.
CREATE TABLE engine_snapshots (
    stack_id text        NOT NULL,
    taken_at timestamptz NOT NULL,
    sealed   bytea       NOT NULL,
    PRIMARY KEY (stack_id, taken_at)
);
ALTER TABLE engine_snapshots ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- A key may be kept as what a key management service made of it.
ALTER TABLE shared_keys DROP CONSTRAINT shared_keys_value_check;
