-- +goose Up
-- On which sides of some planes a vector is; NULL where it has another length than the
-- embedding offline. The program indexes them where the database has pgvector, and fills
-- in what is missing.
ALTER TABLE memory_vectors ADD signs bit(1024);
CREATE INDEX memory_vectors_unsigned ON memory_vectors (memory_id) WHERE signs IS NULL AND octet_length(vector) = 1536;
DROP TABLE IF EXISTS memory_hnsw;
