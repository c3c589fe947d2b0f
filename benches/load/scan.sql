-- A scan of the client's own repository: a log of some findings into the table.
\set log random(1, :logs)
SELECT r.inserted + r.updated + r.unchanged
FROM load_logs l, LATERAL ingest_sarif(l.body, md5('o')::uuid, md5(:client_id::text)::uuid, gen_random_uuid(), findings => 'load_findings') r
WHERE l.id = :log;
