"""`make sqlsmith`: random queries over the extension's functions. They may fail, but not by a crash or an internal error.

SQLsmith takes the functions that it calls from `pg_proc`: here it finds a view of that name, of this extension's
functions and of a few of PostgreSQL's that make values of their types. Functions that return sets stand in views.
"""

from __future__ import annotations

import os
import subprocess
import time

from . import house
from .server import Server, test_server
from .setup import install_debian_packages
from .shell import Failure, output, say, step

DATABASE = "sqlsmith"
# Queries of a run: REVIEWPRO_SQLSMITH.
QUERIES = 20_000
# No query may take longer; the server's log tells of those that did.
SETTINGS = "statement_timeout = '2s'\nlog_min_messages = error\nlog_min_error_statement = panic\n"

LOG = (
    '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t", "rules": [{"id": "r", "properties": {"tags": ["cwe-78"]}}]}},'
    ' "results": [{"ruleId": "r", "message": {"text": "m"}, "locations": [{"physicalLocation":'
    ' {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3, "snippet": {"text": "x = 1"}}}}]}]}]}'
)

PREPARE = f"""
CREATE SCHEMA smith;
CREATE TABLE smith.logs (id int PRIMARY KEY, log jsonb, source text, packed bytea, organization uuid, path name);
INSERT INTO smith.logs
SELECT i, CASE i % 4 WHEN 0 THEN '[]' WHEN 1 THEN 'null' ELSE '{LOG}'::jsonb END,
       CASE i % 3 WHEN 0 THEN '{LOG}' WHEN 1 THEN NULL ELSE 'x' || i END,
       CASE i % 3 WHEN 0 THEN convert_to('{LOG}', 'UTF8') ELSE decode('1f8b08' || lpad(i::text, 4, '0'), 'hex') END,
       gen_random_uuid(), 'a' || i
FROM generate_series(1, 12) i;
CREATE TABLE smith.vectors (id bigint, embedding real[], matrix double precision[], labels int[], names text[], weight float8,
                            flag bool);
INSERT INTO smith.vectors
SELECT i, ARRAY[sin(i), cos(i), i % 3]::real[], ARRAY[ARRAY[sin(i), 1], ARRAY[cos(i), 2], ARRAY[i, i]],
       CASE WHEN i % 4 > 0 THEN ARRAY[0, i % 2, -1] END, ARRAY['a', NULL, 'b' || i],
       CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE i / 7.0 END, i % 2 = 0
FROM generate_series(1, 12) i;
CREATE VIEW smith.found AS SELECT l.id, f.* FROM smith.logs l, sarif_findings(l.log) f WHERE jsonb_typeof(l.log) = 'object';
CREATE VIEW smith.rules AS SELECT l.id, r.* FROM smith.logs l, sarif_rules(l.log) r WHERE jsonb_typeof(l.log) = 'object';
CREATE VIEW smith.clustered AS
SELECT c.* FROM cluster_query('SELECT id, embedding FROM smith.vectors') c;
SELECT create_findings_table('smith.findings');
CREATE VIEW smith.functions AS
SELECT p.oid FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = '{house.EXTENSION}' AND p.proname <> 'reviewpro_stats_reset';
CREATE VIEW smith.pg_proc AS
SELECT p.* FROM pg_catalog.pg_proc p
WHERE p.oid IN (SELECT oid FROM smith.functions)
   OR p.oid IN (
        'jsonb_build_array()'::regprocedure, 'pg_catalog.upper(text)'::regprocedure, 'pg_catalog.repeat(text, int)'::regprocedure,
        'pg_catalog.left(text, int)'::regprocedure, 'pg_catalog.convert_to(text, name)'::regprocedure,
        'pg_catalog.abs(int)'::regprocedure, 'pg_catalog.sin(float8)'::regprocedure, 'pg_catalog.gen_random_uuid()'::regprocedure,
        'pg_catalog.max(int)'::regprocedure, 'pg_catalog.count()'::regprocedure
   );
ALTER DATABASE {DATABASE} SET search_path = smith, pg_catalog, public;
"""

CALLED = """
SELECT format('%s calls of %s functions, of which %s were refused', sum(calls), count(*) FILTER (WHERE calls > 0), sum(errors))
FROM public.reviewpro_stats
"""


def sqlsmith() -> None:
    install_debian_packages(["sqlsmith"])
    count = int(os.environ.get("REVIEWPRO_SQLSMITH", QUERIES))
    with step(f"SQLsmith: {count} queries"), test_server(SETTINGS) as server:
        server.create_database(DATABASE)
        psql = [house.bindir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        output([*psql, "-c", PREPARE], env=server.env(DATABASE))
        started = time.monotonic()
        hammer(server, count, seed=int(os.environ.get("REVIEWPRO_SEED", "1")))
        called = output([*psql, "-At", "-c", CALLED], env=server.env(DATABASE))
        say(f"{count} queries in {time.monotonic() - started:.0f} s: {called}; no crash, no internal error")
        if called.startswith("0 "):
            raise Failure("SQLsmith called no function of the extension")


def hammer(server: Server, count: int, seed: int) -> None:
    command = [
        "sqlsmith",
        f"--target={server.dsn(DATABASE)}",
        f"--seed={seed}",
        f"--max-queries={count}",
        "--exclude-catalog",
    ]
    log = server.data.parent / "sqlsmith.log"
    with log.open("w") as told:
        ended = subprocess.run(command, env=house.plain_env(), stdout=told, stderr=told, check=False)
    text = log.read_text(errors="replace")
    print("\n".join(text.splitlines()[-12:]), flush=True)
    if ended.returncode != 0:
        raise Failure(f"sqlsmith ended with status {ended.returncode}")
