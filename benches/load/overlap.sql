-- One scan of one of the repositories, its counts into the ledger: what tests/python/fire.py prepares and checks.
\set log random(1, :logs)
\set repository random(1, :repositories)
INSERT INTO fire_ledger
SELECT s.id, r.total, r.inserted, r.updated, r.reopened, r.fixed, jsonb_array_length(r.errors)
FROM (SELECT gen_random_uuid() AS id, body FROM fire_logs WHERE id = :log) s,
    LATERAL ingest_sarif(s.body, md5('o')::uuid, md5(:repository::text)::uuid, s.id, findings => 'fire_findings', mode => :mode,
                         close => :close) r;
