-- +goose Up
-- What a candidate bundle, judged beside the running one, would have decided.
ALTER TABLE decisions ADD COLUMN shadow boolean NOT NULL DEFAULT false;
CREATE INDEX decisions_bundle_revision ON decisions (bundle_revision, decided_at DESC, decision_id DESC);
