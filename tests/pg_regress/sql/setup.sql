-- The extension as the other scripts find it.
SELECT extname, extrelocatable FROM pg_extension WHERE extname = 'reviewpro_pg';
SELECT reviewpro_version() = extversion AS library_fits_sql FROM pg_extension WHERE extname = 'reviewpro_pg';

-- What a command that must fail says: the code too, which psql shows only beside a line number of our source.
CREATE FUNCTION refusal(command text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    message := 'it did not fail';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
