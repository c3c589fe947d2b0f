-- The planner knows how many rows a constant log gives.
CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT format('{"version": "2.1.0", "runs": [{"results": [%s]}]}', string_agg('{"message": {"text": "m"}}', ', ')) AS log FROM generate_series(1, 37) \gset
SELECT estimate(format('SELECT * FROM sarif_findings(%L::text)', :'log')) AS text,
       estimate(format('SELECT * FROM sarif_findings(%L::json)', :'log')) AS json,
       estimate(format('SELECT * FROM sarif_findings(%L::jsonb)', :'log')) AS jsonb,
       estimate($$SELECT * FROM sarif_findings(NULL::text)$$) AS nothing,
       estimate($$SELECT * FROM sarif_findings('{'::text)$$) AS broken;

-- Written so, each scan is read where its row is: below a Gather.
CREATE TABLE planner_scans (id int, log jsonb);
INSERT INTO planner_scans SELECT n, :'log'::jsonb FROM generate_series(1, 8) n;
ALTER TABLE planner_scans SET (parallel_workers = 2);
ANALYZE planner_scans;
EXPLAIN (COSTS OFF) SELECT q.id, (q.f).rule_id FROM (SELECT s.id, sarif_findings(s.log) AS f FROM planner_scans s) q;
SELECT count(*), count(DISTINCT id) FROM (SELECT s.id, sarif_findings(s.log) AS f FROM planner_scans s) q;
DROP TABLE planner_scans;
DROP FUNCTION estimate(text);
