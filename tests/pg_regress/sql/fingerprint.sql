-- The application's formula.
SELECT fingerprint('11111111-2222-3333-4444-555555555555'::uuid, 'B101', 'src/app.py', 7, 5, 'Use of assert detected.');
SELECT fingerprint('11111111-2222-3333-4444-555555555555'::text, 'B101', 'src/app.py', 7, 5, 'Use of assert detected.');
SELECT fingerprint('11111111-2222-3333-4444-555555555555'::uuid, NULL, NULL, NULL, NULL, '') =
       encode(sha256(convert_to('11111111-2222-3333-4444-555555555555|None|None|None|None|'
           || left(encode(sha256(''), 'hex'), 16), 'UTF8')), 'hex') AS null_is_none;
SELECT fingerprint(NULL::uuid, 'r', 'p', 1, 1, 'm') IS NULL AS no_organization,
       fingerprint('o', 'r', 'p', 1, 1, NULL) IS NULL AS no_message;

-- Content: white space around the key is the caller's; the tool's case does not count.
SELECT content_fingerprint('Bandit', 'B101', 'src/app.py', 'snippet:assert x == 1');
SELECT content_fingerprint('bandit', 'B101', 'src/app.py', 'snippet:assert x == 1', 1) =
       content_fingerprint('BANDIT', 'B101', 'src/app.py', 'snippet:assert x == 1') AS case_of_tool;
SELECT content_fingerprint('CodeQL', 'js/xss', 'src/É.js', 'line:39fa2ee980eb94b0');
SELECT content_fingerprint(NULL, NULL, NULL, 'message:No description available');
SELECT content_fingerprint('t', 'r', 'p', NULL) IS NULL AS no_key, content_fingerprint('t', 'r', 'p', 'k', NULL) IS NULL AS no_occurrence;

-- Place.
SELECT location_fingerprint('src/app.py', 10, 'B101') = encode(sha256('src/app.py:10:B101'), 'hex') AS plain,
       location_fingerprint(NULL, NULL, NULL) = encode(sha256(':0:'), 'hex') AS nulls,
       location_fingerprint('src\a.c', 1, 'x') = encode(sha256(convert_to('src\a.c:1:x', 'UTF8')), 'hex') AS backslash;

-- In a stored generated column, a unique index and a conflict target.
BEGIN;
CREATE TABLE seen (
    organization_id uuid, rule_id text, file_path text, start_line int, start_column int, message text,
    identity text GENERATED ALWAYS AS (fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)) STORED UNIQUE
);
INSERT INTO seen SELECT '11111111-2222-3333-4444-555555555555', 'B101', 'a.py', n % 2, 1, 'm' FROM generate_series(1, 4) n
    ON CONFLICT (identity) DO NOTHING;
SELECT start_line, identity = fingerprint(organization_id, rule_id, file_path, start_line, start_column, message) AS same FROM seen ORDER BY 1;
CREATE INDEX ON seen (location_fingerprint(file_path, start_line, rule_id));
ROLLBACK;

-- Line hashes.
SELECT * FROM sarif_line_hashes('');
SELECT * FROM sarif_line_hashes(E'a b\r\n\r\n c');
SELECT count(*) FROM sarif_line_hashes(NULL);
SELECT * FROM sarif_line_hashes(repeat(E'x\n', 3)) ORDER BY line DESC;
