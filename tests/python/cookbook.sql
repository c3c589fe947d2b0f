-- The table that docs/cookbook.md asks: two repositories, scanned each Monday of seven weeks. The same rows each time it is run.
SELECT create_findings_table('findings');
ALTER TABLE findings ADD COLUMN embedding real[];

CREATE TABLE repositories (id uuid PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO repositories SELECT md5(name)::uuid, name FROM unnest('{shop,billing}'::text[]) name;

CREATE TABLE scans (id uuid PRIMARY KEY, repository_id uuid NOT NULL, week int NOT NULL, scanned_at timestamptz NOT NULL);
INSERT INTO scans
SELECT md5(name || week)::uuid, id, week, '2026-10-05 03:00+00'::timestamptz + week * interval '7 days'
FROM repositories, generate_series(0, 6) week;

CREATE TABLE owners (path text PRIMARY KEY, team text NOT NULL);
INSERT INTO owners VALUES ('src/', 'backend'), ('src/pay/', 'payments'), ('web/', 'frontend');

-- What a tool says of each rule, and the direction in which texts like it lie.
CREATE TABLE rules (rule_id text PRIMARY KEY, tool_name text, rule_name text, severity text, security_severity numeric, cwe text, message text,
                    snippet text, direction real[]);
INSERT INTO rules VALUES
    ('B608', 'Bandit', 'hardcoded_sql_expressions', 'high', 8.8, 'CWE-89', 'Possible SQL injection through string-based query construction.',
     'query = "SELECT * FROM %s" % name', '{9,1,0,1}'),
    ('sql-format', 'Semgrep', 'sql-format', 'critical', 9.8, 'CWE-89', 'User input is formatted into an SQL statement.',
     'cursor.execute(f"SELECT {name}")', '{9,2,0,0}'),
    ('B105', 'Bandit', 'hardcoded_password_string', 'medium', 5.9, 'CWE-259', 'Possible hardcoded password.', 'password = "secret"', '{0,9,1,1}'),
    ('B101', 'Bandit', 'assert_used', 'low', 2.1, 'CWE-703', 'Use of assert detected.', 'assert user', '{1,0,9,0}'),
    ('S311', 'Ruff', 'suspicious-non-cryptographic-random-usage', 'low', NULL, 'CWE-330', 'Standard pseudo-random generators are not suitable for cryptography.',
     'token = random()', '{1,1,1,9}'),
    ('dom-xss', 'Semgrep', 'dom-xss', 'high', 7.4, 'CWE-79', 'Text from the address is written into the page.', 'el.innerHTML = location.hash', '{1,-8,1,0}');

-- Each finding, and the weeks of its first and last sight; one comes back after two weeks.
CREATE TABLE seen AS
SELECT r.rule_id, c.name AS repository, (ARRAY['src/app.py', 'src/pay/card.py', 'src/pay/refund.py', 'web/login.js', 'src/users.py'])[1 + (n * 3 + length(r.rule_id)) % 5]
           AS file_path,
       5 + n * 7 AS start_line, CASE WHEN b.returns THEN 0 ELSE (n * 5 + length(r.message)) % 8 END AS since,
       CASE WHEN b.returns THEN 1 ELSE (n * 5 + length(r.message)) % 8 + 2 + n % 6 END AS until, b.returns
FROM rules r, (VALUES ('shop'), ('billing')) c (name), generate_series(1, 9) n, LATERAL (SELECT n = 2 AND r.rule_id = 'B105') b (returns)
WHERE (n + length(r.rule_id) + length(c.name)) % 4 <> 0;

DO $$
DECLARE scan record;
BEGIN
    FOR scan IN SELECT s.*, r.name FROM scans s JOIN repositories r ON r.id = s.repository_id ORDER BY s.week, r.name LOOP
        PERFORM ingest_findings((
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'rule_id', r.rule_id, 'rule_name', r.rule_name, 'tool_name', r.tool_name, 'severity', r.severity, 'security_severity', r.security_severity,
                'cwe', jsonb_build_array(r.cwe), 'message', r.message, 'code_snippet', r.snippet || '  # ' || s.start_line,
                'file_path', s.file_path, 'line', s.start_line + scan.week)), '[]')
            FROM seen s JOIN rules r USING (rule_id)
            WHERE s.repository = scan.name AND (scan.week BETWEEN s.since AND s.until OR s.returns AND scan.week >= s.until + 2)),
            md5('organization')::uuid, scan.repository_id, scan.id, close => true);
        -- It happened on that Monday.
        UPDATE findings SET first_seen_at = scan.scanned_at WHERE first_seen_scan_id = scan.id;
        UPDATE findings SET last_seen_at = scan.scanned_at WHERE last_seen_scan_id = scan.id;
        UPDATE findings SET fixed_at = scan.scanned_at, resolved_at = scan.scanned_at WHERE fixed_scan_id = scan.id;
        UPDATE findings SET status = 'fixed', fixed_at = scan.scanned_at, resolved_at = scan.scanned_at, fixed_scan_id = scan.id
        WHERE repository_id = scan.repository_id AND status = 'open' AND last_seen_scan_id <> scan.id;
    END LOOP;
END $$;

-- What people and the code itself say.
UPDATE findings SET status = 'false_positive', resolved_at = '2026-11-10 09:00+00' WHERE rule_id = 'S311' AND status = 'open' AND start_line % 2 = 0;
UPDATE findings SET status = 'accepted_risk', resolved_at = '2026-11-11 09:00+00' WHERE rule_id = 'B101' AND status = 'open' AND file_path LIKE 'src/users%';
UPDATE findings SET suppressed = true, suppressions = '[{"kind": "inSource", "justification": "only in tests"}]'
WHERE rule_id = 'B105' AND status = 'open' AND file_path LIKE 'web/%';

UPDATE findings f SET embedding = ARRAY(
    SELECT (v + (('x' || substr(md5(f.rule_id || f.file_path || f.repository_id || i), 1, 4))::bit(16)::int - 32768) / 30000.0)::real
    FROM unnest(r.direction) WITH ORDINALITY d (v, i))
FROM rules r WHERE r.rule_id = f.rule_id;

-- Two logs of one repository: between them a comment was put on top of a file, and a function went to another one.
CREATE TABLE logs (scan int PRIMARY KEY, log jsonb);
INSERT INTO logs
SELECT scan, jsonb_build_object('version', '2.1.0', 'runs', jsonb_build_array(jsonb_build_object(
    'tool', '{"driver": {"name": "Bandit"}}'::jsonb,
    'results', (SELECT jsonb_agg(jsonb_build_object('ruleId', rule, 'message', jsonb_build_object('text', message),
        'locations', jsonb_build_array(jsonb_build_object('physicalLocation', jsonb_build_object(
            'artifactLocation', jsonb_build_object('uri', path),
            'region', jsonb_build_object('startLine', line, 'snippet', jsonb_build_object('text', snippet)))))))
        FROM (VALUES ('B101', 'Use of assert detected.', 'src/app.py', 10 + 3 * scan, 'assert user'),
                     ('B101', 'Use of assert detected.', 'src/app.py', 25 + 3 * scan, 'assert amount > 0'),
                     ('B608', 'Possible SQL injection.', 'src/users.py', 7, 'query = "SELECT * FROM %s" % name')) v (rule, message, path, line, snippet)))))
FROM generate_series(1, 2) scan;
ANALYZE;
