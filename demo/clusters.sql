-- Findings that say the same, by the meaning of their texts: sentence embeddings, cosine distance, DBSCAN.
CREATE TEMPORARY TABLE clustered AS
WITH texts AS (
    -- The text that the product embeds; demo/make_embeddings.py builds the same.
    SELECT id, fingerprint, concat_ws(E'\n',
        'Rule: ' || rule_id,
        'File type: ' || substring(file_path FROM '[^.]*$'),
        'Description: ' || message,
        'Code: ' || nullif(left(snippet, 500), '')) AS text
    FROM findings
), embedded AS (
    SELECT t.id, t.fingerprint, e.embedding
    FROM texts t JOIN demo_embeddings e ON e.text_sha256 = encode(sha256(convert_to(t.text, 'UTF8')), 'hex')
), ordered AS (
    -- By fingerprint, and not by the random id: clusters then have the same numbers in every run.
    SELECT array_agg(id ORDER BY fingerprint, id) AS ids, array_agg(embedding ORDER BY fingerprint, id) AS embeddings
    FROM embedded
)
SELECT u.id, u.label, e.fingerprint, e.embedding
FROM ordered, unnest(ids, cluster_embeddings(embeddings, 'dbscan', eps => 0.1, min_samples => 2)) AS u (id, label)
JOIN embedded e USING (id);
INSERT INTO steps VALUES ('cluster the embeddings');

\echo '6. Clusters of findings whose texts mean the same (DBSCAN, cosine distance up to 0.1)'
\echo
SELECT (SELECT count(*) FROM findings) AS findings, count(*) AS embedded,
       count(DISTINCT label) FILTER (WHERE label >= 0) AS clusters,
       count(*) FILTER (WHERE label < 0) AS "in no cluster"
FROM clustered;

\echo 'The ten largest, each with the finding nearest to its centre'
\echo
WITH ordered AS (
    SELECT array_agg(id ORDER BY fingerprint, id) AS ids, array_agg(embedding ORDER BY fingerprint, id) AS embeddings,
           array_agg(label ORDER BY fingerprint, id) AS labels
    FROM clustered
)
SELECT s.cluster, s.size,
       (SELECT string_agg(DISTINCT m.tool_name, ', ') FROM clustered c JOIN findings m USING (id) WHERE c.label = s.cluster) AS tools,
       f.rule_id AS rule, f.severity, round(s.avg_similarity::numeric, 2) AS similarity, left(f.message, 60) AS representative,
       f.file_path || ':' || f.start_line AS place
FROM ordered o CROSS JOIN cluster_summaries(o.embeddings, o.labels) AS s JOIN findings f ON f.id = (o.ids)[s.representative]
ORDER BY s.size DESC, s.cluster LIMIT 10;
INSERT INTO steps VALUES ('find the representatives');
