-- +goose Up
-- Inputs, once for each content, by the SHA-256 of their JSON in hex. used_at is
-- when the newest decision on it was made: until then, it is kept.
CREATE TABLE decision_inputs (
    digest   text        PRIMARY KEY,
    encoding text        NOT NULL CHECK (encoding IN ('identity', 'gzip')),
    document bytea       NOT NULL,
    used_at  timestamptz NOT NULL
);
CREATE INDEX decision_inputs_used_at ON decision_inputs (used_at);

-- Partitioned by the month (UTC) of decided_at. Months are made ahead; what has
-- none is in decisions_default until it has. log_xid orders what is streamed:
-- a transaction that commits late has a number that was not passed yet.
ALTER TABLE decisions RENAME TO decisions_before;
ALTER TABLE decisions_before RENAME CONSTRAINT decisions_pkey TO decisions_before_pkey;
CREATE TABLE decisions (
    decision_id     text        NOT NULL,
    change_set_id   text        NOT NULL,
    stack_ids       text[]      NOT NULL,
    bundle_revision text        NOT NULL,
    path            text        NOT NULL,
    input_digest    text        NOT NULL,
    result          json        NOT NULL,
    allowed         boolean     NOT NULL,
    outcome         text        NOT NULL CHECK (outcome IN ('allowed', 'denied', 'error')),
    rules           text[]      NOT NULL,
    masked          text[],
    erased          text[],
    metrics         json,
    latency_us      bigint      NOT NULL,
    decided_at      timestamptz NOT NULL,
    shadow          boolean     NOT NULL,
    log_xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (decision_id, decided_at)
) PARTITION BY RANGE (decided_at);
CREATE TABLE decisions_default PARTITION OF decisions DEFAULT;

-- +goose StatementBegin
DO $$
DECLARE
    month timestamptz;
BEGIN
    FOR month IN
        SELECT DISTINCT date_trunc('month', decided_at, 'UTC') FROM decisions_before
        WHERE decided_at > '1970-01-01 UTC' AND decided_at < now() + interval '1 year'
        UNION SELECT date_trunc('month', now(), 'UTC')
        UNION SELECT date_trunc('month', now(), 'UTC') + interval '1 month'
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF decisions FOR VALUES FROM (%L) TO (%L)',
            to_char(month AT TIME ZONE 'UTC', '"decisions_"YYYY_MM'), month,
            (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    END LOOP;
END $$;
-- +goose StatementEnd

INSERT INTO decision_inputs (digest, encoding, document, used_at)
SELECT encode(sha256(convert_to(input::text, 'UTF8')), 'hex'), 'identity', convert_to(min(input::text), 'UTF8'), max(decided_at)
FROM decisions_before
WHERE input::text <> 'null'
GROUP BY 1;

INSERT INTO decisions (decision_id, change_set_id, stack_ids, bundle_revision, path, input_digest, result, allowed, outcome, rules,
    latency_us, decided_at, shadow)
SELECT decision_id, change_set_id, stack_ids, bundle_revision, path, encode(sha256(convert_to(input::text, 'UTF8')), 'hex'), result,
    allowed,
    CASE
        WHEN said.codes && ARRAY['policy_error', 'policy_timeout', 'policy_undefined', 'policy_missing'] THEN 'error'
        WHEN allowed THEN 'allowed'
        ELSE 'denied'
    END,
    said.codes, latency_us, decided_at, shadow
FROM decisions_before, LATERAL (
    SELECT coalesce(array_agg(DISTINCT rule ->> 'code') FILTER (WHERE rule ->> 'code' IS NOT NULL), '{}') AS codes
    FROM (VALUES (result -> 'deny'), (result -> 'warn')) lists (list),
        json_array_elements(CASE WHEN json_typeof(list) = 'array' THEN list END) rule
) said;

DROP TABLE decisions_before;
CREATE INDEX decisions_newest ON decisions (decided_at DESC, decision_id DESC);
CREATE INDEX decisions_stack_ids ON decisions USING gin (stack_ids);
CREATE INDEX decisions_rules ON decisions USING gin (rules);
CREATE INDEX decisions_bundle_revision ON decisions (bundle_revision, decided_at DESC, decision_id DESC);
CREATE INDEX decisions_change_set_id ON decisions (change_set_id, decided_at DESC, decision_id DESC);
CREATE INDEX decisions_log ON decisions (log_xid, decision_id);

-- How far the stream to a sink has come: all up to the place was taken.
-- seen_at is when a worker last had this sink configured.
CREATE TABLE decision_sinks (
    sink        text        PRIMARY KEY,
    log_xid     xid8        NOT NULL DEFAULT '0',
    decision_id text        NOT NULL DEFAULT '',
    seen_at     timestamptz NOT NULL DEFAULT now()
);
