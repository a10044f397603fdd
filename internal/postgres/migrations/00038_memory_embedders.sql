-- +goose Up
-- Vectors of an embedder that is no longer, or was not there for a while, are made anew
-- by the one that is: this index finds them. Whoever makes one is alone with it until
-- embed_after.
ALTER TABLE memory_vectors ADD embed_after timestamptz;
CREATE INDEX memory_vectors_embedder ON memory_vectors (embedder, created_at);
