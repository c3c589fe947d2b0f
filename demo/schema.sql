-- Tables of the demo, made anew each time.
CREATE EXTENSION IF NOT EXISTS reviewpro_pg;
DROP TABLE IF EXISTS findings, scans, demo_embeddings, clustered, steps;

CREATE TABLE scans (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    log text NOT NULL,
    -- bandit-django-2.2 is a scan of the repository django
    repository text NOT NULL GENERATED ALWAYS AS (split_part(log, '-', 2)) STORED,
    body bytea NOT NULL
);
CREATE TABLE demo_embeddings (text_sha256 text PRIMARY KEY, embedding real[] NOT NULL);
CREATE TEMPORARY TABLE steps (step text, at timestamptz DEFAULT clock_timestamp());
INSERT INTO steps VALUES ('start');

SELECT create_findings_table('findings') \g /dev/null
