CREATE TABLE embed_cache (
    model text NOT NULL,
    dimensions integer NOT NULL,
    sha256 bytea NOT NULL,
    embedding real[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (model, dimensions, sha256)
);
-- Vectors do not become smaller.
ALTER TABLE embed_cache ALTER COLUMN embedding SET STORAGE EXTERNAL;
COMMENT ON TABLE embed_cache IS 'Vectors of texts that were embedded before. Rows may be deleted at any time; not part of a dump';
COMMENT ON COLUMN embed_cache.dimensions IS 'As asked for; 0 where the model''s own number was';
COMMENT ON COLUMN embed_cache.sha256 IS 'Of the text''s UTF-8 bytes';
CREATE INDEX embed_cache_created_at ON embed_cache (created_at);

CREATE TABLE embed_usage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    used_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    role name NOT NULL DEFAULT current_user,
    model text NOT NULL,
    texts integer NOT NULL,
    cached integer NOT NULL,
    failed integer NOT NULL,
    requests integer NOT NULL,
    tokens bigint NOT NULL
);
COMMENT ON TABLE embed_usage IS 'One row for each call that has ended well, and for each part of the queue that was completed';
COMMENT ON COLUMN embed_usage.texts IS 'Texts of the call, repeated ones included';
COMMENT ON COLUMN embed_usage.cached IS 'Those of them that took no request: known from before, or equal to another one';
COMMENT ON COLUMN embed_usage.failed IS 'Those of them that got no vector';
COMMENT ON COLUMN embed_usage.requests IS 'Requests that were sent, repeated ones included';
COMMENT ON COLUMN embed_usage.tokens IS 'As the server counted; an estimate where it does not';

CREATE TABLE embed_prices (
    model text PRIMARY KEY,
    per_million_tokens numeric NOT NULL CHECK (per_million_tokens OPERATOR(pg_catalog.>=) 0)
);
COMMENT ON TABLE embed_prices IS 'What a million tokens of a model cost, in the currency of your choice. Empty at first';

CREATE VIEW embed_costs AS
    SELECT pg_catalog.date_trunc('day', u.used_at) AS day, u.model, pg_catalog.sum(u.texts) AS texts,
           pg_catalog.sum(u.cached) AS cached, pg_catalog.sum(u.failed) AS failed, pg_catalog.sum(u.requests) AS requests,
           pg_catalog.sum(u.tokens) AS tokens,
           pg_catalog.sum(u.tokens) OPERATOR(pg_catalog.*) p.per_million_tokens OPERATOR(pg_catalog./) 1000000 AS cost
    FROM embed_usage u LEFT JOIN embed_prices p ON p.model OPERATOR(pg_catalog.=) u.model
    GROUP BY 1, u.model, p.per_million_tokens;
COMMENT ON VIEW embed_costs IS 'Usage by day and model, with the cost at the prices of embed_prices; NULL where a model has none';

CREATE TABLE embed_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL,
    model text NOT NULL,
    dimensions integer NOT NULL,
    input text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state OPERATOR(pg_catalog.=) ANY ('{waiting,done,failed}'::text[])),
    due_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    lease_id uuid,
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 5 CHECK (max_attempts OPERATOR(pg_catalog.>) 0),
    embedding real[],
    error text,
    enqueued_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    ended_at timestamptz,
    UNIQUE (key, model, dimensions)
);
ALTER TABLE embed_queue ALTER COLUMN embedding SET STORAGE EXTERNAL;
CREATE INDEX embed_queue_due ON embed_queue (due_at, id) WHERE state OPERATOR(pg_catalog.=) 'waiting';
CREATE INDEX embed_queue_ended ON embed_queue (id) WHERE state OPERATOR(pg_catalog.<>) 'waiting';
COMMENT ON TABLE embed_queue IS 'Texts that a worker is to embed, and their vectors until embed_collect fetches them';
COMMENT ON COLUMN embed_queue.key IS 'What the text belongs to, such as the id of a finding';
COMMENT ON COLUMN embed_queue.dimensions IS 'As asked for; 0 where the model''s own number was';
COMMENT ON COLUMN embed_queue.state IS 'waiting (for a worker, or for the one that has claimed it), done, or failed';
COMMENT ON COLUMN embed_queue.due_at IS 'When it may be claimed: after a failure, or when the lease of who has claimed it ends';
COMMENT ON COLUMN embed_queue.lease_id IS 'The claim that it belongs to; only this claim can complete it';
COMMENT ON COLUMN embed_queue.attempts IS 'How often it was claimed and not released';

CREATE VIEW embed_queue_status AS
    SELECT q.state, q.model, pg_catalog.count(*) AS texts,
           pg_catalog.count(*) FILTER (WHERE q.lease_id IS NOT NULL AND q.due_at OPERATOR(pg_catalog.>) pg_catalog.statement_timestamp()) AS leased,
           pg_catalog.min(q.enqueued_at) AS oldest
    FROM embed_queue q GROUP BY q.state, q.model;
COMMENT ON VIEW embed_queue_status IS 'How much of the queue is waiting, done or failed, by model';

SELECT pg_catalog.pg_extension_config_dump('embed_usage', '');
SELECT pg_catalog.pg_extension_config_dump('embed_usage_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('embed_prices', '');
SELECT pg_catalog.pg_extension_config_dump('embed_queue', '');
SELECT pg_catalog.pg_extension_config_dump('embed_queue_id_seq', '');
