-- +goose Up
-- What agents remember; texts are scrubbed before they are written.
CREATE TABLE memories (
    memory_id  text        PRIMARY KEY,
    agent_id   text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('episodic', 'session', 'semantic')),
    -- The goal that it belongs to; '' is cross-goal.
    scope      text        NOT NULL,
    text       text        NOT NULL CHECK (octet_length(text) <= 8192),
    provenance jsonb       NOT NULL,
    outcome    text        NOT NULL CHECK (outcome IN ('', 'succeeded', 'failed')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    words      tsvector    NOT NULL GENERATED ALWAYS AS (to_tsvector('english', text)) STORED
);
CREATE INDEX memories_page ON memories (agent_id, created_at DESC, memory_id DESC);
CREATE INDEX memories_words ON memories USING gin (words);
CREATE INDEX memories_expiry ON memories (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_episodes ON memories (agent_id, scope) WHERE kind = 'episodic';

-- The vectors of texts, as IEEE 754 single precision, least significant byte
-- first, with what narrows a search, so that an exact one reads this table alone.
-- Where the database has pgvector, the table memory_hnsw beside it, made by the
-- program, has them once more, indexed.
CREATE TABLE memory_vectors (
    memory_id  text        PRIMARY KEY REFERENCES memories ON DELETE CASCADE,
    agent_id   text        NOT NULL,
    kind       text        NOT NULL,
    scope      text        NOT NULL,
    outcome    text        NOT NULL,
    embedder   text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    vector     bytea       NOT NULL
);
ALTER TABLE memory_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX memory_vectors_agent ON memory_vectors (agent_id);
