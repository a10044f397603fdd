-- +goose Up
-- How many vectors a search may look at is counted in this index alone, up to some.
CREATE INDEX memory_vectors_of ON memory_vectors (agent_id, scope, kind, embedder);
DROP INDEX memory_vectors_agent;
