-- The extension as the other scripts find it.
SELECT extname, extrelocatable FROM pg_extension WHERE extname = 'reviewpro_pg';
SELECT reviewpro_version() = extversion AS library_fits_sql FROM pg_extension WHERE extname = 'reviewpro_pg';
