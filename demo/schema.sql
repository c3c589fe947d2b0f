-- Tables of the demo, made anew each time.
CREATE EXTENSION IF NOT EXISTS reviewpro_pg;
DROP TABLE IF EXISTS findings, scans, logs, moved_logs, demo_embeddings, clustered, steps;

CREATE TABLE scans (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    log text NOT NULL,
    repository text NOT NULL,
    body bytea NOT NULL
);
CREATE TEMPORARY TABLE logs (name text, body bytea);
CREATE TEMPORARY TABLE moved_logs (name text, body bytea);
CREATE TABLE demo_embeddings (text_sha256 text PRIMARY KEY, embedding real[] NOT NULL);
CREATE TEMPORARY TABLE steps (step text, at timestamptz DEFAULT clock_timestamp());
INSERT INTO steps VALUES ('start');

SELECT create_findings_table('findings') \g /dev/null

-- 'bandit-django-2.2' is a scan of the repository django.
CREATE OR REPLACE FUNCTION pg_temp.repository_of(log text) RETURNS text
    IMMUTABLE LANGUAGE sql RETURN split_part(log, '-', 2);
