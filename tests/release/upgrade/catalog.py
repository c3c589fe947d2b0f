"""What PostgreSQL's catalogues say of an extension: everything but object identifiers and the version."""

from __future__ import annotations

import psycopg
from psycopg.rows import namedtuple_row

Catalog = dict[tuple[str, str], dict[str, object]]

# Each query: identity, properties. A row of a catalogue as it is, so that no property is forgotten, but with names in
# the place of object identifiers.
_MEMBERS = """
WITH members AS (
    SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = %(name)s
)
"""
_QUERIES = {
    "function": """
    SELECT p.oid::regprocedure::text,
           to_jsonb(p) - '{oid,pronamespace,proowner,prolang,provariadic,prosupport,prorettype,proargtypes,
                           proallargtypes,protrftypes,proargdefaults,prosqlbody}'::text[]
           || jsonb_build_object(
               'schema', pronamespace::regnamespace, 'owner', proowner::regrole,
               'result', pg_get_function_result(p.oid),
               'language', (SELECT lanname FROM pg_language l WHERE l.oid = prolang), 'support', prosupport::regproc,
               'arguments', pg_get_function_arguments(p.oid), 'body', pg_get_function_sqlbody(p.oid),
               'comment', obj_description(p.oid, 'pg_proc'))
    FROM members JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass""",
    "type": """
    SELECT t.oid::regtype::text,
           to_jsonb(t) - '{oid,typnamespace,typowner,typrelid,typsubscript,typelem,typarray,
                           typbasetype,typcollation}'::text[]
           || jsonb_build_object(
               'schema', typnamespace::regnamespace, 'owner', typowner::regrole, 'element', typelem::regtype,
               'base', typbasetype::regtype, 'collation', typcollation::regcollation,
               'comment', obj_description(t.oid, 'pg_type'))
    FROM members JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass""",
    "relation": """
    SELECT c.oid::regclass::text,
           to_jsonb(c) - '{oid,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,
                           reltuples,relallvisible,relallfrozen,reltoastrelid,relnatts,
                           relfrozenxid,relminmxid,relrewrite}'::text[]
           || jsonb_build_object(
               'schema', relnamespace::regnamespace, 'owner', relowner::regrole,
               'definition', CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END,
               'comment', obj_description(c.oid, 'pg_class'))
    FROM members JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass""",
    "column": """
    SELECT format('%%s.%%I', a.attrelid::regclass, a.attname),
           to_jsonb(a) - '{attrelid,atttypid,attnum,attcollation,attmissingval}'::text[]
           || jsonb_build_object(
               'position', row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
               'type', format_type(atttypid, atttypmod), 'collation', attcollation::regcollation,
               'default', (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
                           WHERE adrelid = attrelid AND adnum = attnum),
               'comment', col_description(attrelid, attnum))
    FROM pg_attribute a
    WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (
        SELECT objid FROM members WHERE classid = 'pg_class'::regclass
        UNION SELECT typrelid FROM members JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass)""",
    "constraint": """
    SELECT format('%%s of %%s', conname, conrelid::regclass), jsonb_build_object(
               'definition', pg_get_constraintdef(k.oid), 'valid', convalidated, 'enforced', conenforced,
               'comment', obj_description(k.oid, 'pg_constraint'))
    FROM members JOIN pg_constraint k ON k.conrelid = objid WHERE classid = 'pg_class'::regclass""",
    "index": """
    SELECT i.indexrelid::regclass::text, jsonb_build_object(
               'definition', pg_get_indexdef(i.indexrelid), 'valid', indisvalid, 'unique', indisunique)
    FROM members JOIN pg_index i ON i.indrelid = objid WHERE classid = 'pg_class'::regclass""",
    "privileges": """
    SELECT pg_describe_object(i.classoid, i.objoid, i.objsubid), jsonb_build_object('initial', i.initprivs::text)
    FROM members JOIN pg_init_privs i ON (i.classoid, i.objoid) = (classid, objid)""",
    "extension": """
    SELECT extname, jsonb_build_object('relocatable', extrelocatable, 'schema', extnamespace::regnamespace,
                                       'dumped', extconfig::regclass[], 'conditions', extcondition)
    FROM pg_extension WHERE extname = %(name)s""",
}
_UNKNOWN = """
SELECT pg_describe_object(classid, objid, 0) FROM members
WHERE classid NOT IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
   OR classid = 'pg_class'::regclass AND (
          SELECT relkind NOT IN ('v', 'c', 'r', 'S') OR relhasrules AND relkind = 'r' OR relhastriggers OR relrowsecurity
          FROM pg_class c WHERE c.oid = objid)"""


def catalog(connection: psycopg.Connection, name: str) -> Catalog:
    """Kind and identity of each object of the extension -> its properties.

    Fails on kinds of objects that it does not know, rather than to leave them out."""
    cursor = connection.cursor(row_factory=namedtuple_row)
    unknown = cursor.execute(_MEMBERS + _UNKNOWN, {"name": name}).fetchall()
    assert not unknown, f"the comparison of catalogues does not know how to read {unknown[0][0]}"
    return {
        (kind, identity): properties
        for kind, query in _QUERIES.items()
        for identity, properties in cursor.execute(_MEMBERS + query, {"name": name}).fetchall()
    }


def differences(left: Catalog, right: Catalog) -> list[str]:
    """One line for each object or property that only one side has or that differs."""
    found = []
    for kind, identity in sorted(left.keys() | right.keys()):
        one, other = left.get((kind, identity)), right.get((kind, identity))
        if one is None or other is None:
            found.append(f"{kind} {identity}: only {'right' if one is None else 'left'}")
            continue
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                found.append(f"{kind} {identity}: {key} is {one.get(key)!r}, but {other.get(key)!r}")
    return found
