-- The findings table of the application, as its migrations make it: no database defaults, every index.
-- Foreign keys are left out, their indexes are not.
CREATE TABLE app_findings (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    repository_id uuid NOT NULL,
    first_seen_scan_id uuid NOT NULL,
    last_seen_scan_id uuid NOT NULL,
    fingerprint varchar(64) NOT NULL,
    rule_id varchar(255) NOT NULL,
    rule_name varchar(512),
    message text NOT NULL,
    severity varchar(20) NOT NULL,
    status varchar(20) NOT NULL,
    file_path varchar(1024) NOT NULL,
    start_line integer NOT NULL,
    start_column integer NOT NULL,
    end_line integer,
    end_column integer,
    snippet text,
    tool_name varchar(255) NOT NULL,
    tool_version varchar(100),
    cwe_ids jsonb NOT NULL,
    cve_ids jsonb NOT NULL,
    sarif_data jsonb,
    occurrence_count integer NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    fixed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, fingerprint)
);
CREATE INDEX ON app_findings (organization_id);
CREATE INDEX ON app_findings (repository_id);
CREATE INDEX ON app_findings (first_seen_scan_id);
CREATE INDEX ON app_findings (last_seen_scan_id);
CREATE INDEX ON app_findings (fingerprint);
CREATE INDEX ON app_findings (fingerprint varchar_pattern_ops);
CREATE INDEX ON app_findings (fingerprint);
CREATE INDEX ON app_findings (rule_id);
CREATE INDEX ON app_findings (rule_id varchar_pattern_ops);
CREATE INDEX ON app_findings (rule_id);
CREATE INDEX ON app_findings (severity);
CREATE INDEX ON app_findings (severity varchar_pattern_ops);
CREATE INDEX ON app_findings (severity);
CREATE INDEX ON app_findings (status);
CREATE INDEX ON app_findings (status varchar_pattern_ops);
CREATE INDEX ON app_findings (first_seen_at);
CREATE INDEX ON app_findings (first_seen_at);
CREATE INDEX ON app_findings (organization_id, status);
CREATE INDEX ON app_findings (repository_id, status);
CREATE INDEX ON app_findings (organization_id, fingerprint);
