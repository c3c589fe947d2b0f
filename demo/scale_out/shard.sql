-- One shard: findings, and the scans that go in, which a trigger ingests where they arrive. Every name is qualified, since sessions of
-- postgres_fdw have nothing but pg_catalog on their search_path.
CREATE EXTENSION IF NOT EXISTS reviewpro_pg SCHEMA public;
CREATE SCHEMA shard;
SELECT public.create_findings_table('shard.findings');

-- The log is kept: sarif_changes compares any two of a repository. A scan that is sent again is the same row.
CREATE TABLE shard.scans (
    organization_id uuid NOT NULL,
    repository_id uuid NOT NULL,
    scan_id uuid NOT NULL,
    log text NOT NULL,
    PRIMARY KEY (organization_id, scan_id)
);
CREATE TABLE shard.answers (
    organization_id uuid NOT NULL,
    scan_id uuid NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    reopened integer NOT NULL,
    fixed integer NOT NULL,
    errors jsonb NOT NULL,
    PRIMARY KEY (organization_id, scan_id)
);

CREATE FUNCTION shard.ingest_scans() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    scan record;
BEGIN
    -- In one order of repositories: transactions that ingest several do not deadlock. A repository's scans in the order of their ids,
    -- which is that of time for uuidv7.
    FOR scan IN SELECT * FROM arrived ORDER BY organization_id, repository_id, scan_id LOOP
        INSERT INTO shard.answers
        SELECT scan.organization_id, scan.scan_id, r.inserted, r.updated, r.reopened, r.fixed, r.errors
        FROM public.ingest_sarif(scan.log, scan.organization_id, scan.repository_id, scan.scan_id, findings => 'shard.findings') r;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER ingest AFTER INSERT ON shard.scans
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION shard.ingest_scans();
