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
