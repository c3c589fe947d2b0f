CREATE FUNCTION finding_text(rule_id text, file_path text, message text, snippet text DEFAULT NULL) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 10
    LANGUAGE sql
    RETURN 'Rule: ' OPERATOR(pg_catalog.||) rule_id
        OPERATOR(pg_catalog.||) E'\nFile type: ' OPERATOR(pg_catalog.||)
            CASE WHEN pg_catalog.strpos(file_path, '.') OPERATOR(pg_catalog.>) 0
                 THEN pg_catalog.split_part(file_path, '.', -1) ELSE 'unknown' END
        OPERATOR(pg_catalog.||) E'\nDescription: ' OPERATOR(pg_catalog.||) message
        OPERATOR(pg_catalog.||)
            CASE WHEN snippet OPERATOR(pg_catalog.<>) ''
                 THEN E'\nCode: ' OPERATOR(pg_catalog.||) pg_catalog.left(snippet, 500) ELSE '' END;
COMMENT ON FUNCTION finding_text(text, text, text, text) IS
    'What of a finding is embedded, byte for byte as the application builds it: rule, file type, description, and the first 500 characters of the code. NULL for a NULL rule or message. Example: SELECT finding_text(rule_id, file_path, message, snippet) FROM findings';
