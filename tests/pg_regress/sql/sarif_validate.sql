-- A log without a fault, and one with many.
SELECT count(*) FROM sarif_validate('{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]}'::text) WHERE severity = 'error';
CREATE TEMPORARY TABLE log AS SELECT '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T", "rules": [{"id": "R1"}]}}, "results": [
    {"ruleId": "R1", "ruleIndex": 7, "message": {"text": "{0} is odd", "arguments": []}, "level": "fatal"},
    {"message": {"id": "nowhere"}, "locations": [{"physicalLocation": {"artifactLocation": {"index": 3}, "region": {"startLine": 5, "endLine": 3}}}]},
    5]}]}'::text AS sarif;
SELECT severity, code, pointer FROM log, sarif_validate(sarif) ORDER BY severity COLLATE "C", code COLLATE "C", pointer COLLATE "C";
SELECT bool_and(message <> '') AS all_say_how_to_mend FROM log, sarif_validate(sarif);
-- The same from every type.
SELECT (SELECT array_agg(v ORDER BY v::text COLLATE "C") FROM sarif_validate(sarif) v) = (SELECT array_agg(v ORDER BY v::text COLLATE "C") FROM sarif_validate(sarif::jsonb) v) AS jsonb,
       (SELECT array_agg(v ORDER BY v::text COLLATE "C") FROM sarif_validate(sarif) v) = (SELECT array_agg(v ORDER BY v::text COLLATE "C") FROM sarif_validate(convert_to(sarif, 'UTF8')) v) AS bytea FROM log;
-- Any JSON document gives problems, not an error.
SELECT severity, code, pointer FROM sarif_validate('5'::jsonb);
SELECT severity, code, pointer FROM sarif_validate('{}'::json);
SELECT severity, code, pointer FROM sarif_validate('{"version": "1.0.0", "runs": []}'::text) ORDER BY 1, 2, 3;
SELECT count(*) FROM sarif_validate(NULL::bytea);
SELECT * FROM refusal($$SELECT sarif_validate('{'::text)$$);
