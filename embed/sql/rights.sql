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
