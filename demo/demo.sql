-- The main job on real input: SARIF logs in, stored, deduplicated and clustered findings out.
-- Run from the top of the repository, in a database that may be thrown away: psql -X -f demo/demo.sql
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset null ''
SET client_min_messages = warning;
\ir schema.sql

\echo
\echo '1. Load: every log as it came from the tool, plain or gzip''ed, into scans.log (bytea)'
\echo
\copy scans(log, body) from program 'demo/logs.sh tests/corpus/logs/bandit-* tests/corpus/logs/ruff-* tests/corpus/logs/semgrep-*' with (format csv)
\copy demo_embeddings from program 'gzip -dc demo/embeddings.csv.gz' with (format csv)
ANALYZE demo_embeddings;
INSERT INTO steps VALUES ('load the logs');

SELECT split_part(log, '-', 1) AS tool, count(*) AS logs, pg_size_pretty(sum(octet_length(body))) AS stored,
       count(DISTINCT repository) AS repositories
FROM scans GROUP BY 1 ORDER BY 1;

\echo '2. One statement: parse, fingerprint, fold duplicates, store'
\echo
\ir ingest.sql
INSERT INTO steps VALUES ('parse, fingerprint, store');

\echo '3. The same scans again: nothing new'
\echo
\ir ingest.sql
INSERT INTO steps VALUES ('the same scans again');

\echo '4. Five lines of comment go into the top of every file of Werkzeug, and it is scanned again: still nothing new'
\echo
DELETE FROM scans;
\copy scans(log, body) from program 'demo/logs.sh tests/corpus/moved/*' with (format csv)
\ir ingest.sql
INSERT INTO steps VALUES ('a scan with moved lines');

\ir report.sql
\ir clusters.sql

\echo 'Time of each step'
\echo
SELECT step, round(extract(epoch FROM at - lag(at, 1, started) OVER (ORDER BY at)) * 1000) AS ms
FROM steps, (SELECT min(at) AS started FROM steps WHERE step = 'start') s
WHERE step <> 'start' ORDER BY at;
