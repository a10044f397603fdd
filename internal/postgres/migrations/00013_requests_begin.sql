-- +goose Up
-- When a request was begun first names what it makes, so that the same request,
-- tried again after a crash, makes nothing twice.
ALTER TABLE requests ADD COLUMN began_at timestamptz NOT NULL DEFAULT now();
