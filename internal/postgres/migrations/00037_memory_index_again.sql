-- +goose Up
-- The program makes the index of signs anew, with fewer neighbours that are chosen from
-- more.
DROP INDEX IF EXISTS memory_vectors_hnsw;
