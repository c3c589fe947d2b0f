-- Runs the statements that ingest_plan has written, and counts.
--
-- ingest_store has no search_path of its own, since the table's triggers run inside of it and may need the caller's: so it, and
-- the statements it runs, qualify every name and operator.

CREATE TYPE ingest_result AS (
    total integer,
    inserted integer,
    updated integer,
    unchanged integer,
    reopened integer,
    fixed integer,
    duplicates integer,
    skipped integer,
    errors jsonb,
    duration_ms double precision
);
COMMENT ON TYPE ingest_result IS
    'What an ingest did. inserted + updated + unchanged + duplicates + skipped + the length of errors = total';
COMMENT ON COLUMN ingest_result.total IS 'Results of the log, or elements of the array';
COMMENT ON COLUMN ingest_result.inserted IS 'New rows';
COMMENT ON COLUMN ingest_result.updated IS 'Rows that were there and now tell of this scan; reopened ones among them';
COMMENT ON COLUMN ingest_result.unchanged IS 'Rows that told of this scan already, and were not touched';
COMMENT ON COLUMN ingest_result.reopened IS 'Rows that were fixed and are open again';
COMMENT ON COLUMN ingest_result.fixed IS 'Open rows that the scan did not find any more';
COMMENT ON COLUMN ingest_result.duplicates IS 'Results equal to an earlier one of the log';
COMMENT ON COLUMN ingest_result.skipped IS 'Results that the options leave out';
COMMENT ON COLUMN ingest_result.errors IS
    'Results that could not be stored: an array of {run_index, result_index, sqlstate, reason}';
COMMENT ON COLUMN ingest_result.duration_ms IS 'How long it took';

-- What ingest_sarif and ingest_findings say first and last, so that they are counted, errors included, and logged.
CREATE FUNCTION ingest_began(function text) RETURNS void
    VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_began_wrapper';
COMMENT ON FUNCTION ingest_began(text) IS
    'Begins to count a call of the function for reviewpro_stats: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_began(''ingest_sarif'')';

CREATE FUNCTION ingest_ended(
    result ingest_result, organization_id uuid DEFAULT NULL, repository_id uuid DEFAULT NULL, scan_id uuid DEFAULT NULL
) RETURNS ingest_result
    VOLATILE LANGUAGE c AS 'MODULE_PATHNAME', 'ingest_ended_wrapper';
COMMENT ON FUNCTION ingest_ended(ingest_result, uuid, uuid, uuid) IS
    'Ends what ingest_began has begun, writes the line for reviewpro.log_ingest, and gives the result back: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_ended(ROW(0, 0, 0, 0, 0, 0, 0, 0, ''[]'', 0)::ingest_result)';

CREATE FUNCTION ingest_store(
    plan jsonb,
    document anyelement,
    organization_id uuid,
    repository_id uuid,
    scan_id uuid,
    extra jsonb DEFAULT NULL,
    mode text DEFAULT 'spec',
    source_root text DEFAULT NULL,
    uri_bases jsonb DEFAULT NULL,
    kinds text[] DEFAULT '{fail,open,review}',
    suppressed text DEFAULT 'include',
    fingerprint text DEFAULT NULL,
    fingerprint_keys text[] DEFAULT NULL,
    close boolean DEFAULT true,
    strict boolean DEFAULT false,
    notify text DEFAULT NULL
) RETURNS ingest_result
    -- The planner takes the reading of a log for so much work that it would compile the statement.
    VOLATILE LANGUAGE plpgsql SET jit = off AS $function$
DECLARE
    started CONSTANT pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    memory CONSTANT pg_catalog.text := pg_catalog.current_setting('work_mem');
    summary record;
    step record;
    inserted pg_catalog.int4 := 0;
    updated pg_catalog.int4 := 0;
    reopened pg_catalog.int4 := 0;
    fixed pg_catalog.int4 := 0;
    errors pg_catalog.jsonb := '[]';
    lost pg_catalog.jsonb;
    total pg_catalog.int4;
    duplicates pg_catalog.int4;
    skipped pg_catalog.int4;
    unchanged pg_catalog.int4;
    seen pg_catalog.text[];
    tools pg_catalog.jsonb;
    state pg_catalog.text;
    reason pg_catalog.text;
BEGIN
    IF document IS NULL THEN
        RAISE EXCEPTION 'the document must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- The rows pass through several steps, each of which would write those of a log of a few megabytes to a file.
    PERFORM pg_catalog.set_config('work_mem', '64MB', true)
    WHERE pg_catalog.pg_size_bytes(memory) OPERATOR(pg_catalog.<) 67108864;
    PERFORM pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended(pg_catalog.jsonb_extract_path_text(plan, 'lock'), 0));
    BEGIN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'store') INTO STRICT summary
            USING document, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed,
                  fingerprint, fingerprint_keys;
        inserted := summary.inserted;
        updated := summary.updated;
        reopened := summary.reopened;
        errors := summary.errors;
        lost := summary.lost;
        total := summary.total;
        duplicates := summary.duplicates;
        skipped := summary.skipped;
        seen := summary.seen;
        tools := summary.tools;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation OR with_check_option_violation OR raise_exception THEN
        -- A row that the table refuses, for a reason of its own: row by row, then. What all rows share is no row's fault.
        IF strict OR SQLSTATE OPERATOR(pg_catalog.=) '23503' THEN
            RAISE;
        END IF;
    END;
    IF total IS NULL THEN
        lost := '[]';
        FOR step IN EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'rows')
            USING document, organization_id, repository_id, scan_id, extra, mode, source_root, uri_bases, kinds, suppressed,
                  fingerprint, fingerprint_keys
        LOOP
            IF step.finding IS NULL THEN
                SELECT * INTO STRICT summary FROM pg_catalog.jsonb_to_record(step.summary) AS s (
                    total pg_catalog.int4, duplicates pg_catalog.int4, skipped pg_catalog.int4, errors pg_catalog.jsonb,
                    seen pg_catalog.text[], tools pg_catalog.jsonb);
                total := summary.total;
                duplicates := summary.duplicates;
                skipped := summary.skipped;
                errors := summary.errors OPERATOR(pg_catalog.||) errors;
                seen := summary.seen;
                tools := summary.tools;
                CONTINUE;
            END IF;
            state := NULL;
            BEGIN
                EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'row') INTO summary
                    USING step.finding, organization_id, repository_id, scan_id;
                IF summary.is_new THEN
                    inserted := inserted OPERATOR(pg_catalog.+) 1;
                ELSIF NOT summary.is_new THEN
                    updated := updated OPERATOR(pg_catalog.+) 1;
                ELSE
                    lost := lost OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
                        'run_index', step.run, 'result_index', step.result, 'is_new', step.is_new,
                        'fingerprint', pg_catalog.jsonb_extract_path_text(step.finding, 'fingerprint'));
                END IF;
                IF summary.is_reopened THEN
                    reopened := reopened OPERATOR(pg_catalog.+) 1;
                END IF;
            EXCEPTION WHEN data_exception OR integrity_constraint_violation OR with_check_option_violation OR raise_exception THEN
                IF SQLSTATE OPERATOR(pg_catalog.=) '23503' THEN
                    RAISE;
                END IF;
                state := SQLSTATE;
                reason := SQLERRM;
            END;
            IF state IS NOT NULL THEN
                errors := errors OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
                    'run_index', step.run, 'result_index', step.result, 'sqlstate', state, 'reason', reason);
            END IF;
        END LOOP;
    END IF;
    IF pg_catalog.jsonb_array_length(lost) OPERATOR(pg_catalog.>) 0 THEN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'refused') INTO STRICT lost
            USING lost, organization_id, repository_id, scan_id, extra;
        errors := errors OPERATOR(pg_catalog.||) lost;
    END IF;
    IF strict AND pg_catalog.jsonb_array_length(errors) OPERATOR(pg_catalog.>) 0 THEN
        RAISE EXCEPTION 'a result cannot be stored: %', pg_catalog.jsonb_extract_path_text(errors, '0', 'reason')
            USING ERRCODE = pg_catalog.jsonb_extract_path_text(errors, '0', 'sqlstate'),
                  DETAIL = pg_catalog.format('Run %s, result %s; %s of %s results cannot be stored.',
                      pg_catalog.jsonb_extract_path_text(errors, '0', 'run_index'),
                      pg_catalog.jsonb_extract_path_text(errors, '0', 'result_index'),
                      pg_catalog.jsonb_array_length(errors), total),
                  HINT = 'Without strict the others are stored, and the errors returned.';
    END IF;
    IF close AND tools IS NOT NULL THEN
        EXECUTE pg_catalog.jsonb_extract_path_text(plan, 'close') INTO STRICT fixed
            USING tools, organization_id, repository_id, scan_id, extra, seen;
    END IF;
    PERFORM pg_catalog.set_config('work_mem', memory, true);
    unchanged := total OPERATOR(pg_catalog.-) inserted OPERATOR(pg_catalog.-) updated OPERATOR(pg_catalog.-) duplicates
        OPERATOR(pg_catalog.-) skipped OPERATOR(pg_catalog.-) pg_catalog.jsonb_array_length(errors);
    IF notify IS NOT NULL THEN
        PERFORM pg_catalog.pg_notify(notify, pg_catalog.jsonb_build_object(
            'organization_id', organization_id, 'repository_id', repository_id, 'scan_id', scan_id, 'total', total,
            'inserted', inserted, 'updated', updated, 'unchanged', unchanged, 'reopened', reopened, 'fixed', fixed,
            'duplicates', duplicates, 'skipped', skipped,
            'errors', pg_catalog.jsonb_array_length(errors))::pg_catalog.text);
    END IF;
    RETURN ROW(total, inserted, updated, unchanged, reopened, fixed, duplicates, skipped, errors,
               (EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) started)
                OPERATOR(pg_catalog.*) 1000)::pg_catalog.float8);
END
$function$;
COMMENT ON FUNCTION ingest_store(jsonb, anyelement, uuid, uuid, uuid, jsonb, text, text, jsonb, text[], text, text, text[], boolean, boolean, text) IS
    'Runs the statements of ingest_plan: a step of ingest_sarif and ingest_findings. Example: SELECT ingest_store(ingest_plan(''findings'', o, r, s), ''{"version":"2.1.0","runs":[]}''::text, o, r, s) FROM gen_random_uuid() o, gen_random_uuid() r, gen_random_uuid() s';
