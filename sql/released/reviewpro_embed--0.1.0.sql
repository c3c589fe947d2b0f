-- embed/src/lib.rs:29
CREATE FUNCTION finding_text(rule_id text, file_path text, message text, snippet text DEFAULT NULL) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 10
    LANGUAGE sql
    RETURN 'Rule: ' OPERATOR(pg_catalog.||) rule_id
        OPERATOR(pg_catalog.||) E'\nFile type: ' OPERATOR(pg_catalog.||)
            CASE WHEN pg_catalog.strpos(file_path, '.') OPERATOR(pg_catalog.>) 0
                 THEN pg_catalog.split_part(file_path, '.', -1) ELSE 'unknown' END
        OPERATOR(pg_catalog.||) E'\nDescription: ' OPERATOR(pg_catalog.||) message
        OPERATOR(pg_catalog.||)
            CASE WHEN snippet OPERATOR(pg_catalog.<>) ''
                 THEN E'\nCode: ' OPERATOR(pg_catalog.||) pg_catalog.left(snippet, 500) ELSE '' END;
COMMENT ON FUNCTION finding_text(text, text, text, text) IS
    'What of a finding is embedded, byte for byte as the application builds it: rule, file type, description, and the first 500 characters of the code. NULL for a NULL rule or message. Example: SELECT finding_text(rule_id, file_path, message, snippet) FROM findings';

-- embed/src/lib.rs:30

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

-- embed/src/lib.rs:31

CREATE FUNCTION embed_defaults(OUT model text, OUT is_cached boolean, OUT tokens_per_minute integer) RETURNS SETOF record
    VOLATILE PARALLEL UNSAFE COST 1 ROWS 1
    LANGUAGE c AS 'MODULE_PATHNAME', 'embed_defaults_wrapper';
COMMENT ON FUNCTION embed_defaults() IS
    'The settings reviewpro_embed.model, .cache and .tokens_per_minute, also in a session that has not loaded the library yet. Example: SELECT * FROM embed_defaults()';

CREATE FUNCTION embed_request(
    inputs text[], model text, dimensions integer, on_error text, numbers integer[],
    OUT number integer, OUT embedding real[], OUT error text, OUT tokens bigint, OUT requests integer
) RETURNS SETOF record
    VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'embed_request_wrapper';
COMMENT ON FUNCTION embed_request(text[], text, integer, text, integer[]) IS
    'What text_embeddings asks of the endpoint: a row for each text, with its number; neither cache nor record. Example: SELECT * FROM embed_request(ARRAY[]::text[], ''m'', NULL, ''raise'', ARRAY[]::integer[])';

CREATE FUNCTION embed_wait(endpoint text, model text, tokens bigint) RETURNS double precision
    VOLATILE PARALLEL UNSAFE COST 100
    LANGUAGE c AS 'MODULE_PATHNAME', 'embed_wait_wrapper';
COMMENT ON FUNCTION embed_wait(text, text, bigint) IS
    'For workers: takes the turn of a request from the limits a minute that all sessions share, and returns 0; or the seconds to wait before asking again. Example: SELECT embed_wait(''https://localhost/v1/embeddings'', ''m'', 100)';

CREATE FUNCTION text_embeddings(
    inputs text[], model text DEFAULT NULL, dimensions integer DEFAULT NULL, on_error text DEFAULT 'raise'
) RETURNS TABLE (index integer, embedding real[], error text)
    VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100
    LANGUAGE sql
BEGIN ATOMIC
    WITH chosen AS MATERIALIZED (
        SELECT coalesce(text_embeddings.model, d.model) AS model, coalesce(text_embeddings.dimensions, 0) AS dimensions, d.is_cached
        FROM embed_defaults() d
    ), given AS MATERIALIZED (
        SELECT u.number::integer AS number, u.input, pg_catalog.sha256(pg_catalog.convert_to(u.input, 'UTF8')) AS sha256
        FROM pg_catalog.unnest(text_embeddings.inputs) WITH ORDINALITY AS u (input, number)
    ), known AS MATERIALIZED (
        SELECT c.sha256, c.embedding
        FROM chosen, embed_cache c
        WHERE chosen.is_cached AND c.model OPERATOR(pg_catalog.=) chosen.model
          AND c.dimensions OPERATOR(pg_catalog.=) chosen.dimensions
          AND c.sha256 OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT g.sha256 FROM given g))
    ), wanted AS MATERIALIZED (
        -- Each text once, in the order of the call.
        SELECT coalesce(pg_catalog.array_agg(w.input ORDER BY w.number), '{}') AS inputs,
               coalesce(pg_catalog.array_agg(w.number ORDER BY w.number), '{}') AS numbers
        FROM (SELECT DISTINCT ON (g.sha256) g.number, g.input
              FROM given g
              WHERE NOT EXISTS (SELECT FROM known k WHERE k.sha256 OPERATOR(pg_catalog.=) g.sha256)
              ORDER BY g.sha256, g.number) w
    ), fetched AS MATERIALIZED (
        SELECT r.number, g.sha256, r.embedding, r.error, r.tokens, r.requests
        FROM chosen, wanted w,
             embed_request(w.inputs, chosen.model, text_embeddings.dimensions, text_embeddings.on_error, w.numbers) r
             LEFT JOIN given g ON g.number OPERATOR(pg_catalog.=) r.number
    ), stored AS (
        -- In the order of the key, so that two calls cannot wait for each other.
        INSERT INTO embed_cache (model, dimensions, sha256, embedding)
        SELECT chosen.model, chosen.dimensions, f.sha256, f.embedding
        FROM chosen, fetched f
        WHERE chosen.is_cached AND f.embedding IS NOT NULL
        ORDER BY f.sha256
        ON CONFLICT DO NOTHING
    ), answer AS MATERIALIZED (
        SELECT g.number, coalesce(k.embedding, f.embedding) AS embedding, f.error
        FROM given g
        LEFT JOIN known k ON k.sha256 OPERATOR(pg_catalog.=) g.sha256
        LEFT JOIN fetched f ON f.sha256 OPERATOR(pg_catalog.=) g.sha256
    ), recorded AS (
        INSERT INTO embed_usage (model, texts, cached, failed, requests, tokens)
        SELECT chosen.model, a.texts, a.texts OPERATOR(pg_catalog.-) pg_catalog.cardinality(w.numbers), a.failed, f.requests, f.tokens
        FROM chosen, wanted w,
             (SELECT pg_catalog.count(*)::integer AS texts,
                     (pg_catalog.count(*) FILTER (WHERE answer.embedding IS NULL))::integer AS failed FROM answer) a,
             (SELECT coalesce(pg_catalog.sum(fetched.requests), 0)::integer AS requests,
                     coalesce(pg_catalog.sum(fetched.tokens), 0)::bigint AS tokens FROM fetched) f
        WHERE a.texts OPERATOR(pg_catalog.>) 0
    )
    SELECT a.number, a.embedding, a.error FROM answer a ORDER BY a.number;
END;
COMMENT ON FUNCTION text_embeddings(text[], text, integer, text) IS
    'The vectors of texts, one row each, in order. index counts from 1. With on_error ''null'' a text that fails has a NULL embedding and the reason in error, and the others keep theirs. Example: SELECT index, embedding FROM text_embeddings(ARRAY(SELECT finding_text(rule_id, file_path, message, snippet) FROM findings))';

CREATE FUNCTION embed_texts(
    inputs text[], model text DEFAULT NULL, dimensions integer DEFAULT NULL, on_error text DEFAULT 'raise'
) RETURNS real[]
    VOLATILE PARALLEL UNSAFE COST 100000
    LANGUAGE sql
BEGIN ATOMIC
    WITH e AS MATERIALIZED (
        SELECT t.index, t.embedding
        FROM text_embeddings(embed_texts.inputs, embed_texts.model, embed_texts.dimensions, embed_texts.on_error) t
    ), size AS (
        SELECT coalesce(pg_catalog.max(pg_catalog.cardinality(e.embedding)), embed_texts.dimensions) AS dimensions FROM e
    )
    SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 0 THEN '{}'::real[]
                WHEN pg_catalog.min(size.dimensions) IS NULL THEN NULL
                ELSE pg_catalog.array_agg(coalesce(e.embedding, pg_catalog.array_fill(NULL::real, ARRAY[size.dimensions]))
                                          ORDER BY e.index)
                     FILTER (WHERE size.dimensions IS NOT NULL) END
    FROM size, e;
END;
COMMENT ON FUNCTION embed_texts(text[], text, integer, text) IS
    'The vectors of texts, one row of the array each, in order. With on_error ''null'' the row of a text that fails holds NULLs, and a warning says how many did. Example: SELECT embed_texts(ARRAY(SELECT finding_text(rule_id, file_path, message, snippet) FROM findings))';

-- embed/src/lib.rs:32

CREATE FUNCTION embed_enqueue(keys text[], inputs text[], model text DEFAULT NULL, dimensions integer DEFAULT NULL) RETURNS integer
    VOLATILE PARALLEL UNSAFE COST 10000
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen text;
    is_cached boolean;
    size integer := coalesce(embed_enqueue.dimensions, 0);
    enqueued integer;
BEGIN
    SELECT coalesce(embed_enqueue.model, d.model), d.is_cached INTO chosen, is_cached FROM @extschema@.embed_defaults() d;
    IF cardinality(keys) IS DISTINCT FROM cardinality(inputs) THEN
        RAISE EXCEPTION USING ERRCODE = '2202E', MESSAGE = 'keys and inputs must have the same length';
    END IF;
    IF array_position(keys, NULL) IS NOT NULL OR array_position(inputs, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'keys and inputs must not contain nulls';
    END IF;
    IF size < 0 OR embed_enqueue.dimensions = 0 THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('dimensions must be positive, not %s', size);
    END IF;
    -- In the order of the key, so that two calls cannot wait for each other; of a key that comes twice the last text counts.
    INSERT INTO @extschema@.embed_queue AS q (key, model, dimensions, input, state, embedding, ended_at)
    SELECT n.key, chosen, size, n.input, CASE WHEN c.embedding IS NULL THEN 'waiting' ELSE 'done' END, c.embedding,
           CASE WHEN c.embedding IS NOT NULL THEN clock_timestamp() END
    FROM (SELECT DISTINCT ON (u.key) u.key, u.input
          FROM unnest(keys, inputs) WITH ORDINALITY AS u (key, input, number)
          ORDER BY u.key, u.number DESC) n
    LEFT JOIN @extschema@.embed_cache c
        ON c.model = chosen AND c.dimensions = size AND c.sha256 = sha256(convert_to(n.input, 'UTF8'))
       AND is_cached
    ORDER BY n.key
    ON CONFLICT ON CONSTRAINT embed_queue_key_model_dimensions_key DO UPDATE
        SET input = excluded.input, state = excluded.state, embedding = excluded.embedding, ended_at = excluded.ended_at,
            due_at = now(), lease_id = NULL, attempts = 0, error = NULL, enqueued_at = now()
        -- Who embeds the text already goes on.
        WHERE q.input <> excluded.input OR q.state = 'failed';
    GET DIAGNOSTICS enqueued = ROW_COUNT;
    RETURN enqueued;
END
$$;
COMMENT ON FUNCTION embed_enqueue(text[], text[], text, integer) IS
    'Puts texts into the queue, each under a key, and returns how many are new, changed, or had failed. Example: SELECT embed_enqueue(array_agg(id::text), array_agg(finding_text(rule_id, file_path, message, snippet))) FROM findings';

CREATE FUNCTION embed_claim(n integer DEFAULT 100, lease interval DEFAULT '5 minutes')
    RETURNS TABLE (lease_id uuid, id bigint, model text, dimensions integer, input text, embedding real[])
    VOLATILE PARALLEL UNSAFE COST 10000 ROWS 100
    LANGUAGE sql
BEGIN ATOMIC
    WITH claim AS MATERIALIZED (
        SELECT pg_catalog.gen_random_uuid() AS lease_id
    ), due AS MATERIALIZED (
        SELECT q.id, q.attempts OPERATOR(pg_catalog.>=) q.max_attempts AS is_over
        FROM embed_queue q
        WHERE q.state OPERATOR(pg_catalog.=) 'waiting' AND q.due_at OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp()
        ORDER BY q.due_at, q.id
        LIMIT embed_claim.n
        FOR UPDATE SKIP LOCKED
    ), given_up AS (
        -- Whoever claimed them has neither completed nor failed them.
        UPDATE embed_queue q
        SET state = 'failed', lease_id = NULL, ended_at = pg_catalog.clock_timestamp(),
            error = coalesce(q.error, 'no worker has answered for it')
        FROM due d
        WHERE q.id OPERATOR(pg_catalog.=) d.id AND d.is_over
    ), claimed AS (
        UPDATE embed_queue q
        SET lease_id = claim.lease_id, attempts = q.attempts OPERATOR(pg_catalog.+) 1,
            due_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) embed_claim.lease
        FROM due d, claim
        WHERE q.id OPERATOR(pg_catalog.=) d.id AND NOT d.is_over
        RETURNING q.lease_id, q.id, q.model, q.dimensions, q.input
    )
    SELECT q.lease_id, q.id, q.model, q.dimensions, q.input, c.embedding
    FROM claimed q
    LEFT JOIN embed_cache c
        ON c.model OPERATOR(pg_catalog.=) q.model AND c.dimensions OPERATOR(pg_catalog.=) q.dimensions
       AND c.sha256 OPERATOR(pg_catalog.=) pg_catalog.sha256(pg_catalog.convert_to(q.input, 'UTF8'))
       AND EXISTS (SELECT FROM embed_defaults() d WHERE d.is_cached)
    ORDER BY q.id;
END;
COMMENT ON FUNCTION embed_claim(integer, interval) IS
    'For workers: up to n texts that nobody else has claimed, until the lease ends; embedding is the vector where the cache knows it. Commit at once, so that no transaction is open while they are embedded. Example: SELECT * FROM embed_claim(10, ''1 minute'')';

CREATE FUNCTION embed_complete(lease_id uuid, ids bigint[], embeddings double precision[], tokens bigint DEFAULT 0, requests integer DEFAULT 0)
    RETURNS integer
    VOLATILE PARALLEL UNSAFE COST 10000
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    count integer := cardinality(ids);
    size integer;
    completed integer;
BEGIN
    IF count = 0 THEN
        RETURN 0;
    END IF;
    size := cardinality(embeddings) / count;
    IF size IS NULL OR size = 0 OR size * count <> cardinality(embeddings) THEN
        RAISE EXCEPTION USING ERRCODE = '2202E',
            MESSAGE = format('embeddings must hold as many values for each of the %s ids', count);
    END IF;
    -- NaN counts as larger than all numbers.
    IF EXISTS (SELECT FROM unnest(embeddings) e WHERE e IS NULL OR e NOT BETWEEN -3.4028235e38 AND 3.4028235e38) THEN
        RAISE EXCEPTION USING ERRCODE = '22000', MESSAGE = 'embeddings must hold finite values of real, no nulls';
    END IF;
    WITH vector AS MATERIALIZED (
        SELECT ids[i] AS id,
               CASE array_ndims(embeddings)
                    WHEN 1 THEN embeddings[(i - 1) * size + 1 : i * size]
                    ELSE ARRAY(SELECT unnest(embeddings[i : i]))
               END::real[] AS embedding
        FROM generate_series(1, count) i
    ), done AS (
        UPDATE @extschema@.embed_queue q
        SET state = 'done', embedding = v.embedding, lease_id = NULL, error = NULL, ended_at = clock_timestamp()
        FROM vector v
        WHERE q.id = v.id AND q.lease_id = embed_complete.lease_id AND q.state = 'waiting'
        RETURNING q.model, q.dimensions, sha256(convert_to(q.input, 'UTF8')) AS sha256, q.embedding
    ), cached AS (
        INSERT INTO @extschema@.embed_cache (model, dimensions, sha256, embedding)
        SELECT DISTINCT ON (d.model, d.dimensions, d.sha256) d.model, d.dimensions, d.sha256, d.embedding
        FROM done d
        WHERE EXISTS (SELECT FROM @extschema@.embed_defaults() s WHERE s.is_cached)
        ORDER BY d.model, d.dimensions, d.sha256
        ON CONFLICT DO NOTHING
    ), recorded AS (
        INSERT INTO @extschema@.embed_usage (model, texts, cached, failed, requests, tokens)
        SELECT d.model, count(*), CASE WHEN embed_complete.requests = 0 THEN count(*) ELSE 0 END, 0,
               -- Counted once, should there be several models.
               CASE WHEN row_number() OVER (ORDER BY d.model) = 1 THEN embed_complete.requests ELSE 0 END,
               CASE WHEN row_number() OVER (ORDER BY d.model) = 1 THEN embed_complete.tokens ELSE 0 END
        FROM done d GROUP BY d.model
    )
    SELECT count(*) INTO completed FROM done;
    RETURN completed;
END
$$;
COMMENT ON FUNCTION embed_complete(uuid, bigint[], double precision[], bigint, integer) IS
    'For workers: the vectors of claimed texts, one after the other or as rows, and what they took. Returns how many were completed; a text that the lease does not hold any more is not. Example: SELECT embed_complete(gen_random_uuid(), ''{}'', ''{}'')';

CREATE FUNCTION embed_fail(
    lease_id uuid, ids bigint[], error text, retry_after interval DEFAULT NULL, permanent boolean DEFAULT false
) RETURNS integer
    VOLATILE PARALLEL UNSAFE COST 10000
    LANGUAGE sql
BEGIN ATOMIC
    WITH changed AS (
        UPDATE embed_queue q
        SET lease_id = NULL, error = embed_fail.error,
            state = CASE WHEN embed_fail.permanent OR q.attempts OPERATOR(pg_catalog.>=) q.max_attempts THEN 'failed' ELSE 'waiting' END,
            ended_at = CASE WHEN embed_fail.permanent OR q.attempts OPERATOR(pg_catalog.>=) q.max_attempts
                            THEN pg_catalog.clock_timestamp() END,
            -- 10 s after the first attempt, twice as long after each, at most an hour.
            due_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) coalesce(embed_fail.retry_after,
                LEAST(pg_catalog.make_interval(secs => 5 OPERATOR(pg_catalog.*) pg_catalog.power(2::double precision,
                      LEAST(q.attempts, 20)::double precision)), '1 hour'::interval))
        WHERE q.id OPERATOR(pg_catalog.=) ANY (embed_fail.ids) AND q.lease_id OPERATOR(pg_catalog.=) embed_fail.lease_id
          AND q.state OPERATOR(pg_catalog.=) 'waiting'
        RETURNING q.id
    )
    SELECT pg_catalog.count(*)::integer FROM changed;
END;
COMMENT ON FUNCTION embed_fail(uuid, bigint[], text, interval, boolean) IS
    'For workers: claimed texts that got no vector, to be tried again later, or never. Returns how many the lease still held. Example: SELECT embed_fail(gen_random_uuid(), ''{}'', ''the server failed: HTTP 503'')';

CREATE FUNCTION embed_release(lease_id uuid) RETURNS integer
    VOLATILE PARALLEL UNSAFE COST 10000
    LANGUAGE sql
BEGIN ATOMIC
    WITH changed AS (
        UPDATE embed_queue q
        SET lease_id = NULL, due_at = pg_catalog.clock_timestamp(), attempts = q.attempts OPERATOR(pg_catalog.-) 1
        WHERE q.lease_id OPERATOR(pg_catalog.=) embed_release.lease_id AND q.state OPERATOR(pg_catalog.=) 'waiting'
        RETURNING q.id
    )
    SELECT pg_catalog.count(*)::integer FROM changed;
END;
COMMENT ON FUNCTION embed_release(uuid) IS
    'For workers: gives back what the lease still holds, as if it had not been claimed. Returns how many. Example: SELECT embed_release(gen_random_uuid())';

CREATE FUNCTION embed_collect(n integer DEFAULT 1000)
    RETURNS TABLE (key text, model text, embedding real[], error text)
    VOLATILE PARALLEL UNSAFE COST 10000 ROWS 1000
    LANGUAGE sql
BEGIN ATOMIC
    WITH ended AS MATERIALIZED (
        SELECT q.id FROM embed_queue q
        WHERE q.state OPERATOR(pg_catalog.<>) 'waiting'
        ORDER BY q.id LIMIT embed_collect.n
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM embed_queue q USING ended e WHERE q.id OPERATOR(pg_catalog.=) e.id
    RETURNING q.key, q.model, q.embedding, q.error;
END;
COMMENT ON FUNCTION embed_collect(integer) IS
    'Takes up to n ended texts out of the queue: their keys with a vector, or with the reason why there is none. Rolled back, they are still there. Example: SELECT key, embedding FROM embed_collect()';

-- embed/src/lib.rs:33

-- Requests cost money, and the queue and the cache hold what the texts of others became.
REVOKE EXECUTE ON FUNCTION embed_request(text[], text, integer, text, integer[]) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_defaults() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_wait(text, text, bigint) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION text_embeddings(text[], text, integer, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_texts(text[], text, integer, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_enqueue(text[], text[], text, integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_claim(integer, interval) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_complete(uuid, bigint[], double precision[], bigint, integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_fail(uuid, bigint[], text, interval, boolean) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_release(uuid) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION embed_collect(integer) FROM PUBLIC;

CREATE FUNCTION embed_grant(role regrole) RETURNS void
    VOLATILE PARALLEL UNSAFE COST 10000
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        -- regprocedure and regclass write themselves as SQL wants them.
        SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', p.oid::regprocedure, role)
        FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'reviewpro_embed'
        WHERE p.proname <> 'embed_grant'
        UNION ALL
        SELECT format('GRANT %s ON %s TO %s', r.rights, r.relation, role)
        FROM (VALUES ('SELECT, INSERT', '@extschema@.embed_cache'::regclass),
                     ('SELECT, INSERT', '@extschema@.embed_usage'::regclass),
                     ('SELECT, INSERT, UPDATE, DELETE', '@extschema@.embed_queue'::regclass),
                     ('SELECT', '@extschema@.embed_prices'::regclass),
                     ('SELECT', '@extschema@.embed_costs'::regclass),
                     ('SELECT', '@extschema@.embed_queue_status'::regclass)) r (rights, relation)
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
COMMENT ON FUNCTION embed_grant(regrole) IS
    'Lets a role embed texts, use the queue, and run a worker. Whoever may do that sees what others have in queue and cache. Example: SELECT embed_grant(''postgres'')';
REVOKE EXECUTE ON FUNCTION embed_grant(regrole) FROM PUBLIC;

-- embed/src/request.rs:298
-- reviewpro_embed::request::embed_defaults
-- Skipped due to `#[pgrx(sql = false)]`

-- embed/src/request.rs:53
-- reviewpro_embed::request::embed_request
-- Skipped due to `#[pgrx(sql = false)]`

-- embed/src/request.rs:282
-- reviewpro_embed::request::embed_wait
-- Skipped due to `#[pgrx(sql = false)]`
