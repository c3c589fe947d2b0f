-- What a person wants to see first.
\echo '5. What was found'
\echo
SELECT tool_name AS tool, count(*) AS findings,
       count(*) FILTER (WHERE severity = 'critical') AS critical,
       count(*) FILTER (WHERE severity = 'high') AS high,
       count(*) FILTER (WHERE severity = 'medium') AS medium,
       count(*) FILTER (WHERE severity = 'low') AS low,
       count(*) FILTER (WHERE severity = 'info') AS info,
       count(*) FILTER (WHERE cwe_ids <> '[]') AS "with CWE"
FROM findings GROUP BY 1 ORDER BY 1;

\echo 'Top rules'
\echo
SELECT tool_name AS tool, rule_id AS rule, count(*) AS findings, count(DISTINCT file_path) AS files,
       min(severity) AS severity, coalesce(min(cwe_ids ->> 0), '') AS cwe, left(min(message), 60) AS example
FROM findings GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10;

\echo 'Duplicates folded: the same finding of the same repository, stored once'
\echo
SELECT sum(occurrence_count) AS seen, count(*) AS stored, sum(occurrence_count) - count(*) AS folded FROM findings;
