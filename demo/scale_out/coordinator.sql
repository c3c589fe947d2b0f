-- The coordinator: the shards' tables as partitions of one, by a hash of the organisation.
-- psql variables: host0 host1 host2 (of the shards), port, dbname, user.
CREATE EXTENSION IF NOT EXISTS reviewpro_pg SCHEMA public;
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE EXTENSION IF NOT EXISTS dblink;

-- `extensions` is what lets a shard compute fingerprints itself; without it all rows would travel.
CREATE SERVER shard_0 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host0', port :'port', dbname :'dbname', extensions 'reviewpro_pg', async_capable 'true', fetch_size '5000');
CREATE SERVER shard_1 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host1', port :'port', dbname :'dbname', extensions 'reviewpro_pg', async_capable 'true', fetch_size '5000');
CREATE SERVER shard_2 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host2', port :'port', dbname :'dbname', extensions 'reviewpro_pg', async_capable 'true', fetch_size '5000');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard_0 OPTIONS (user :'user');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard_1 OPTIONS (user :'user');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard_2 OPTIONS (user :'user');

CREATE TABLE scans (
    organization_id uuid NOT NULL, repository_id uuid NOT NULL, scan_id uuid NOT NULL, log text NOT NULL
) PARTITION BY HASH (organization_id);
CREATE TABLE answers (
    organization_id uuid NOT NULL, scan_id uuid NOT NULL, inserted integer, updated integer, reopened integer, fixed integer, errors jsonb
) PARTITION BY HASH (organization_id);
CREATE TABLE findings (
    organization_id uuid NOT NULL, repository_id uuid NOT NULL, fingerprint text, rule_id text, severity text, status text,
    file_path text, start_line integer, start_column integer, message text, tool_name text, occurrence_count integer,
    first_seen_scan_id uuid, last_seen_scan_id uuid, fixed_scan_id uuid
) PARTITION BY HASH (organization_id);
SELECT format(
    'CREATE FOREIGN TABLE %1$s_%2$s PARTITION OF %1$s FOR VALUES WITH (MODULUS 3, REMAINDER %2$s)
     SERVER shard_%2$s OPTIONS (schema_name ''shard'', table_name %1$L)', name, n)
FROM unnest('{scans,answers,findings}'::text[]) name, generate_series(0, 2) n
\gexec

-- One query on every shard at the same time; its answer as jsonb.
CREATE FUNCTION everywhere(query text, OUT shard text, OUT answer jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    shards CONSTANT text[] := ARRAY(SELECT srvname FROM pg_foreign_server WHERE srvname LIKE 'shard\_%' ORDER BY 1);
BEGIN
    FOREACH shard IN ARRAY shards LOOP
        PERFORM dblink_connect(shard, shard);
        PERFORM dblink_send_query(shard, format('SELECT to_jsonb(q) FROM (%s) q', query));
    END LOOP;
    FOREACH shard IN ARRAY shards LOOP
        FOR answer IN SELECT r.a FROM dblink_get_result(shard) AS r (a jsonb) LOOP
            RETURN NEXT;
        END LOOP;
        PERFORM dblink_disconnect(shard);
    END LOOP;
END $$;
