-- The published identities of a finding. A formula never changes under its name: stored generated columns,
-- expression indexes and unique keys hold its values. That includes the defaults.

CREATE FUNCTION fingerprint(
    organization_id uuid, rule_id text, file_path text, start_line bigint, start_column bigint, message text
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'fingerprint_uuid_wrapper';
COMMENT ON FUNCTION fingerprint(uuid, text, text, bigint, bigint, text) IS
    'The application''s identity of a finding: hex SHA-256 of organization|rule|path|line|column|first 16 hex digits of SHA-256(message). NULL rule, path, line or column count as Python''s None; a NULL organization or message gives NULL. Example: SELECT fingerprint(''11111111-2222-3333-4444-555555555555''::uuid, ''B101'', ''src/app.py'', 7, 5, ''Use of assert detected.'')';

CREATE FUNCTION fingerprint(
    organization_id text, rule_id text, file_path text, start_line bigint, start_column bigint, message text
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'fingerprint_text_wrapper';
COMMENT ON FUNCTION fingerprint(text, text, text, bigint, bigint, text) IS
    'The application''s identity of a finding, for an organization id that is text: taken as it is, so a UUID must be lower-case and hyphenated. Example: SELECT fingerprint(''acme'', ''B101'', ''src/app.py'', 7, 5, ''Use of assert detected.'')';

CREATE FUNCTION content_fingerprint(
    tool_name text, rule_id text, file_path text, content_key text, occurrence integer DEFAULT 1
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'content_fingerprint_wrapper';
COMMENT ON FUNCTION content_fingerprint(text, text, text, text, integer) IS
    'Identity of a finding that survives moved lines, version 1: hex SHA-256 over tool (ASCII case ignored), rule, path, what the finding is about (line:, snippet: or message: key) and the ordinal among equal ones. A NULL content_key or occurrence gives NULL. Example: SELECT content_fingerprint(''Bandit'', ''B101'', ''src/app.py'', ''snippet:assert x == 1'')';

CREATE FUNCTION location_fingerprint(file_path text, line bigint, rule_id text) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'location_fingerprint_wrapper';
COMMENT ON FUNCTION location_fingerprint(text, bigint, text) IS
    'Identity by place: hex SHA-256 of path:line:rule, NULL path and rule as empty, NULL line as 0. For a generated column that exists already; new tables are better served by content fingerprints. Example: SELECT location_fingerprint(''src/app.py'', 10, ''B101'')';

CREATE FUNCTION sarif_line_hashes(source text, OUT line integer, OUT hash text) RETURNS SETOF record
    IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 500
    LANGUAGE c AS 'MODULE_PATHNAME', 'sarif_line_hashes_wrapper';
COMMENT ON FUNCTION sarif_line_hashes(text) IS
    'The hash of each line of a source file that GitHub code scanning calls primaryLocationLineHash: over the next 100 UTF-16 units without spaces and tabs, then how often it has occurred. Example: SELECT * FROM sarif_line_hashes(E''a = 1\nb = 2'')';
