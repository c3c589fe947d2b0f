-- Runs once, when the data directory is new. Into an existing one the extension comes by CREATE EXTENSION.
CREATE EXTENSION IF NOT EXISTS reviewpro_pg;

-- Databases that are made later have it from the start: a test runner's, for example.
\connect template1
CREATE EXTENSION IF NOT EXISTS reviewpro_pg;
