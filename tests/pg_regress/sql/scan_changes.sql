-- Tables that have no more than scan_changes needs, ids that are text, lines beyond an integer.
SET client_min_messages = warning;
CREATE TABLE little (organization_id text, repository_id text, first_seen_scan_id text, last_seen_scan_id varchar(36), fingerprint text,
    status text, tool_name text, UNIQUE (organization_id, repository_id, fingerprint));
CREATE FUNCTION pg_temp.log(rules text[]) RETURNS text LANGUAGE sql RETURN
    '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[' || (
        SELECT coalesce(string_agg(format('{"ruleId":"%s","message":{"text":"%1$s"}}', r), ','), '') FROM unnest(rules) r) || ']}]}';
SELECT inserted FROM ingest_sarif(pg_temp.log('{a,b}'), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'little');
SELECT inserted, updated, fixed FROM ingest_sarif(pg_temp.log('{b,c}'), md5('o')::uuid, md5('r')::uuid, md5('2')::uuid, 'little');
SELECT change, rule_id, severity, status, file_path, start_line, message FROM scan_changes(md5('2')::uuid, md5('1')::uuid, 'little');
ALTER TABLE little ADD rule_id int, ADD start_line bigint, ADD fixed_scan_id text, ADD reopened_scan_id varchar, ADD branch_id text;
UPDATE little SET start_line = CASE status WHEN 'open' THEN 3000000000 ELSE 7 END, fixed_scan_id = md5('2')::uuid, branch_id = md5('b')::uuid, rule_id = 5;
SELECT change, rule_id, start_line FROM scan_changes(md5('2')::uuid, findings => 'little');
SELECT change FROM scan_changes(md5('2')::uuid, findings => 'little', branch_id => md5('b')::uuid);
SELECT change FROM scan_changes(md5('2')::uuid, findings => 'little', branch_id => md5('c')::uuid);
CREATE TABLE heir () INHERITS (little);
INSERT INTO heir TABLE little;
SELECT change FROM scan_changes(md5('2')::uuid, findings => 'little');
CREATE VIEW seen AS TABLE little;
SELECT count(*) FROM scan_changes(md5('2')::uuid, findings => 'seen');
DROP VIEW seen;
ALTER TABLE little DROP first_seen_scan_id;
SELECT * FROM refusal('SELECT scan_changes(md5(''2'')::uuid, findings => ''little'')');
SELECT * FROM refusal('SELECT scan_changes(NULL, findings => ''little'')');
SELECT * FROM refusal('SELECT scan_changes(md5(''2'')::uuid, findings => NULL)');
SELECT code, message FROM refusal('SELECT scan_changes(md5(''2'')::uuid, findings => 4294967295::oid::regclass)');
DROP TABLE little CASCADE;

-- A policy whose function finds its names on the caller's search_path.
CREATE SCHEMA tenants;
CREATE TABLE tenants.current_tenant AS SELECT md5('o')::uuid AS id;
CREATE FUNCTION tenants.is_ours(id uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM current_tenant t WHERE t.id = is_ours.id);
END $$;
SELECT create_findings_table('guarded', 'tenants');
CREATE POLICY ours ON tenants.guarded USING (tenants.is_ours(organization_id));
ALTER TABLE tenants.guarded ENABLE ROW LEVEL SECURITY;
CREATE ROLE regress_tenant;
GRANT USAGE ON SCHEMA tenants TO regress_tenant;
GRANT SELECT ON tenants.current_tenant TO regress_tenant;
GRANT SELECT, INSERT, UPDATE ON tenants.guarded TO regress_tenant;
SET ROLE regress_tenant;
SET search_path = tenants, public;
SELECT inserted FROM ingest_sarif(pg_temp.log('{a,b}'), md5('o')::uuid, md5('r')::uuid, md5('1')::uuid, 'guarded');
SELECT change, rule_id FROM scan_changes(md5('1')::uuid, findings => 'guarded');
SELECT * FROM migrate_fingerprints('guarded', md5('o')::uuid, md5('r')::uuid);
SELECT findings_report('guarded', 'markdown') ~ '2' AS reported;
RESET search_path;
RESET ROLE;
DROP SCHEMA tenants CASCADE;
DROP ROLE regress_tenant;
