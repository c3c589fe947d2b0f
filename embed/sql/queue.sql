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
