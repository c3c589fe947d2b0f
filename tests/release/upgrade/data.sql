-- What people build on the extension, in a schema that is on nobody's search_path: restoring must not depend on one.
CREATE SCHEMA tools;
CREATE EXTENSION reviewpro_pg SCHEMA tools;
CREATE SCHEMA app;

-- Fingerprints in stored generated columns, unique keys, expression and partial indexes, and a CHECK.
CREATE TABLE app.findings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    rule_id text,
    file_path text,
    start_line bigint,
    start_column bigint,
    message text NOT NULL,
    identity text GENERATED ALWAYS AS
        (tools.fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)) STORED,
    content text GENERATED ALWAYS AS (tools.content_fingerprint('Bandit', rule_id, file_path, 'message:' || message)) STORED,
    place text GENERATED ALWAYS AS (tools.location_fingerprint(file_path, start_line, rule_id)) STORED,
    UNIQUE (organization_id, identity),
    CHECK (tools.location_fingerprint(file_path, start_line, rule_id) ~ '^[0-9a-f]{64}$')
);
CREATE UNIQUE INDEX findings_expression ON app.findings
    (tools.fingerprint(organization_id::text, rule_id, file_path, start_line, start_column, message), id);
CREATE INDEX findings_content ON app.findings (tools.content_fingerprint('Bandit', rule_id, file_path, 'message:' || message));
CREATE INDEX findings_partial ON app.findings (rule_id)
    WHERE tools.location_fingerprint(file_path, start_line, rule_id) < '8';
CREATE INDEX findings_repository ON app.findings (tools.repository_fingerprint(organization_id, message));

INSERT INTO app.findings (organization_id, rule_id, file_path, start_line, start_column, message)
SELECT md5((i % 7)::text)::uuid, CASE WHEN i % 11 > 0 THEN 'R' || i % 31 END,
       CASE WHEN i % 13 > 0 THEN 'src/' || repeat('ä/', i % 40) || chr(160 + i % 9000) || '\' || i || '.py' END,
       CASE WHEN i % 17 > 0 THEN i END, CASE WHEN i % 5 > 0 THEN i % 120 END,
       repeat('message ' || chr(128512 + i % 60) || E'\n\t', i % 30)
FROM generate_series(1, 5000) i;
-- Index entries that are dead, pages that were split.
UPDATE app.findings SET message = message || '!' WHERE id % 9 = 0;
DELETE FROM app.findings WHERE id % 10 = 3;

-- The recommended table, filled by an ingest.
CREATE TABLE app.logs (id uuid PRIMARY KEY, log jsonb NOT NULL);
INSERT INTO app.logs SELECT md5(n::text)::uuid, jsonb_build_object('version', '2.1.0', 'runs', jsonb_build_array(jsonb_build_object(
    'tool', jsonb_build_object('driver', jsonb_build_object('name', 'Bandit')),
    'results', (SELECT jsonb_agg(jsonb_build_object(
        'ruleId', 'B' || i % 40, 'message', jsonb_build_object('text', 'm' || i),
        'locations', jsonb_build_array(jsonb_build_object('physicalLocation', jsonb_build_object(
            'artifactLocation', jsonb_build_object('uri', 'src/' || i % 90 || '.py'),
            'region', jsonb_build_object('startLine', i, 'snippet', jsonb_build_object('text', 'x = ' || i)))))))
        FROM generate_series(n * 100, n * 100 + 400) i))))
FROM generate_series(1, 3) n;
SELECT tools.create_findings_table('app.stored');
SELECT (tools.ingest_sarif(log, md5('o')::uuid, md5('r')::uuid, id, findings => 'app.stored')).total
FROM (SELECT * FROM app.logs ORDER BY id) logs;

-- Views, a function with a parsed body, a materialised view, a table whose rows are of the extension's type.
CREATE VIEW app.parsed AS SELECT l.id, f.rule_id, f.fingerprint FROM app.logs l, tools.sarif_findings(l.log) f;
CREATE MATERIALIZED VIEW app.clustered AS
    SELECT v.id, tools.cluster_dbscan(v.embedding, 0.3, 2) OVER (ORDER BY v.id) AS cluster
    FROM (SELECT i AS id, ARRAY[i % 3 + 0.1, i % 2, 1]::real[] AS embedding FROM generate_series(1, 60) i) v;
CREATE FUNCTION app.worst(log jsonb) RETURNS text LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT max(f.rule_id) FROM tools.sarif_findings(log) f;
    END;
CREATE TABLE app.runs (scan uuid, run tools.sarif_run);
INSERT INTO app.runs SELECT l.id, r FROM app.logs l, tools.sarif_runs(l.log) r;
