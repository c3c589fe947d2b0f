CREATE FUNCTION reviewpro_version() RETURNS text
    STABLE STRICT PARALLEL SAFE
    LANGUAGE c AS 'MODULE_PATHNAME', 'reviewpro_version_wrapper';
COMMENT ON FUNCTION reviewpro_version() IS
    'The version of the library that answers; pg_extension.extversion is the version of the SQL. Example: SELECT reviewpro_version()';
