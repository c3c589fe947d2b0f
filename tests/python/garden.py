"""What the garden is planted with: for every argument type a tame value that works and many that are awkward."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

LOG = (
    '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t","rules":[{"id":"r"}]}},'
    '"results":[{"ruleId":"r","message":{"text":"m"},"locations":[{"physicalLocation":'
    '{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"snippet":{"text":"x = 1"}}}}]}]}]}'
)


def with_result(result: str) -> str:
    return '\'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":""}},"results":[' + result + "]}]}'"


def with_line(line: str) -> str:
    return with_result('{"locations":[{"physicalLocation":{"region":{"startLine":' + line + "}}}]}")


# Texts that are JSON, as SQL expressions.
JSON = [
    "'null'",
    "'[]'",
    "'{}'",
    "'1e999'",
    "'-0'",
    "'123456789012345678901234567890'",
    r"""'"\ud83d\ude00"'""",
    """'{"runs":null}'""",
    """'{"runs":[null]}'""",
    """'{"runs":[[],{},1,"x"]}'""",
    """'{"version":"2.1.0","runs":{}}'""",
    """'{"version":"2.1.0","version":"1.0","runs":[]}'""",
    """'[{"rule_id":"B1","message":"m","line":1e20}]'""",
    """'[{"rule_id":1,"file_path":{},"cwe":[null,{}]},null,[],"x"]'""",
    """'{"store":"SELECT 1","rows":"x","lock":null}'""",
    with_line("3000000000"),
    with_line("3.0"),
    with_line("3.5"),
    with_line("-1"),
    with_line("1e999"),
    with_line('"7"'),
    with_result('{"ruleId":1e999,"locations":{},"message":[]}'),
    with_result('{"ruleIndex":-1}'),
    with_result('{"ruleIndex":2147483648,"message":{"id":"x","arguments":["{0}{99999999999}"]}}'),
    with_result('{"locations":[{"physicalLocation":{"artifactLocation":{"uriBaseId":"A","index":9}}}]}'),
    "'['||repeat('{},',50000)||'{}]'",
    """'"'||repeat('x',1000000)||'"'""",
    """'{"'||repeat('k',100000)||'":1}'""",
    "repeat('[',129)||repeat(']',129)",
    "repeat('[',5000)||repeat(']',5000)",
    """repeat('{"a":',5000)||'1'||repeat('}',5000)""",
    """'{"runs":['||repeat('[',3000)||repeat(']',3000)||']}'""",
]
# Legal in json and text only.
ESCAPES = [r"""'"\u0000"'""", r"""'"\ud800"'""", with_result(r'{"message":{"text":"\udc00\u0000\ud800x"}}')]
TEXTS = [
    *JSON,
    *ESCAPES,
    "''",
    "'not json'",
    r"E'\t\n\r'",
    "chr(65279)||'{}'",
    """'{"a":'""",
    "repeat('a',3000000)",
    "'\u0130I\u0131\u017f\u00df'",
    r"E'e\u0301'",
    "'٣'",
    "chr(1114109)",
    "'Robert''); DROP TABLE x;--'",
    "'../../../etc/passwd'",
    "'file:///C:/a b/%zz%00'",
    "'SELECT 1, ARRAY[1]::real[]'",
    "'SELECT 1'",
    "'DROP TABLE x'",
    "'%s%n%1$s{0}{1}'",
    "'spec'",
    "'compat'",
    "'content'",
    "'agglomerative'",
    "'kmeans'",
    "'euclidean'",
    "'ward'",
    "'single'",
    "'core'",
    "'raw'",
    # Only a cast without a function brings such bytes into a text: not UTF-8, and a NUL.
    r"('\xc328'::bytea)::text",
    r"('\x610062'::bytea)::text",
    r"('\xf8a1a1a1ff'::bytea)::text",
    r"('{\"runs\":\"'::bytea || '\xff'::bytea || '\"}'::bytea)::text",
]
MATRICES = [
    *(
        f"'{array}'"
        for array in (
            "{}",
            "{0}",
            "{NULL}",
            "{NaN,1}",
            "{{Infinity,1}}",
            "{{-Infinity}}",
            "{{1e-45,1e-45}}",
            "{{3.4e38,3.4e38}}",
            "{{-0}}",
            "{{1,2},{NULL,4}}",
            "{{0,0},{0,0}}",
            "{{NaN,1},{1,1}}",
            "[5:6][-1:0]={{1,2},{3,4}}",
            "{{{1},{2}},{{3},{4}}}",
            "{{1},{1},{1}}",
            "{{1,2}}",
            "{{{{{{1}}}}}}",
            "{{1,2},{3,4},{5,6},{7,8}}",
        )
    ),
    "array_fill(1::real,array[300,3])",
    "array_fill(0::real,array[1,20000])",
    "array_fill(1::real,array[3000,1])",
    "(SELECT array_agg(array[sin(i),cos(i)]) FROM generate_series(1,300) i)",
]


def typed(name: str, values: list[str]) -> list[str]:
    return [f"NULL::{name}", *(f"({value})::{name}" for value in values)]


AWKWARD: dict[str, list[str]] = {
    "text": typed("text", TEXTS),
    "name": typed("name", ["''", "'a'", "repeat('x',63)", """'a"b'""", "'İ'", "'pg_catalog'"]),
    "json": typed("json", [*JSON, *ESCAPES]),
    "jsonb": typed("jsonb", JSON),
    "bytea": typed(
        "bytea",
        [
            "''",
            r"'\x00'",
            r"'\x1f8b'",
            r"'\x1f8b08'",
            r"'\x1f8b0800000000000003'",
            r"'\xfffe7b007d00'",
            r"'\xfeff007b'",
            r"'\xefbbbf7b7d'",
            r"'\xc328'",
            r"'\x7b22613a'",
            "decode(repeat('ff',100000),'hex')",
            f"convert_to('{LOG}','UTF8')",
        ],
    ),
    "int4": typed("int4", ["0", "1", "-1", "2", "2147483647", "-2147483648"]),
    "int8": typed("int8", ["0", "1", "-1", "9223372036854775807", "-9223372036854775807-1"]),
    "float8": typed(
        "float8", ["'0'", "'-0'", "'0.5'", "'1'", "'-1'", "'NaN'", "'Infinity'", "'-Infinity'", "'5e-324'", "'1.7e308'"]
    ),
    "bool": typed("bool", ["true", "false"]),
    "uuid": typed("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    "regclass": typed(
        "regclass", ["'pg_class'", "'0'", "'4294967295'", "'pg_class_oid_index'", "'pg_stat_activity'", "'garden'"]
    ),
    "_text": typed(
        "text[]",
        [
            "'{}'",
            "'{NULL}'",
            "'{a,a}'",
            "'{{a,b},{c,d}}'",
            "'[9:10]={fail,open}'",
            "array[repeat('x',100000)]",
            "array[('\\xc328'::bytea)::text]",
            "'{pass,fail}'",
        ],
    ),
    "_int4": typed(
        "int4[]",
        [
            "'{}'",
            "'{0,1}'",
            "'{NULL,1}'",
            "'{{1,2},{3,4}}'",
            "'[9:10]={1,2}'",
            "'{-1,-1}'",
            "'{-2147483648,2147483647}'",
            "array_fill(0,array[300])",
            "(SELECT array_agg(i % 7) FROM generate_series(1,300) i)",
        ],
    ),
    "_float4": typed("float4[]", MATRICES),
    "_float8": typed("float8[]", [*MATRICES, "'{{1e300,1e300},{1,1}}'", "'{{1.7e308}}'", "'{{5e-324}}'"]),
    "anyelement": ["NULL::text", "1", f"'{LOG}'::text", f"'{LOG}'::jsonb", "'{}'::int[]", "'x'::text"],
    "ingest_result": typed(
        "ingest_result",
        [
            "ROW(1, 1, 0, 0, 0, 0, 0, 0, '[]', 0)",
            "ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "ROW(-1, -2147483648, 2147483647, 0, 0, 0, 0, 0, 'null', 'NaN')",
            "ROW(3, 0, 0, 0, 0, 0, 0, 0, ('[' || repeat('{},', 50000) || '{}]')::jsonb, 0)",
        ],
    ),
    "_ingest_row": [
        "NULL::ingest_row[]",
        "'{}'::ingest_row[]",
        "ARRAY[NULL, NULL]::ingest_row[]",
        "ARRAY[ARRAY[NULL::ingest_row]]",
        """ARRAY[jsonb_populate_record(NULL::ingest_row, '{"outcome": "finding", "fingerprint": "", "start_line": -1}')]""",
        f"ARRAY(SELECT r FROM ingest_results('{LOG}'::text) r, generate_series(1, 2000))",
        f"ARRAY(SELECT r FROM ingest_results('{LOG}'::text, suppressed => 'only') r)",
    ],
    "internal": ["NULL"],
}

TAME = {
    "text": f"'{LOG}'",
    "name": "'public'",
    "json": f"'{LOG}'",
    "jsonb": f"'{LOG}'",
    "bytea": f"convert_to('{LOG}','UTF8')",
    "int4": "2",
    "int8": "3",
    "float8": "0.5",
    "bool": "true",
    "uuid": "'11111111-2222-3333-4444-555555555555'",
    "regclass": "'garden'",
    "_text": "'{a,b}'",
    "_int4": "'{0,0,1,1}'",
    "_float4": "'{{1,2},{1,2.1},{8,1},{8,1.1}}'",
    "_float8": "'{{1,2},{1,2.1},{8,1},{8,1.1}}'",
    "anyelement": f"'{LOG}'::text",
    "ingest_result": "ROW(1, 1, 0, 0, 0, 0, 0, 0, '[]', 0)",
    # Not by a call of ours: in a database of another encoding that would be the refusal.
    "_ingest_row": """ARRAY[jsonb_populate_record(NULL::ingest_row, '{"outcome": "finding", "fingerprint": "f"}')]""",
    "internal": "NULL",
}

# What a name asks for that its type does not tell.
TAME_BY_NAME = {
    "query": "'SELECT i, ARRAY[i, 1]::real[] FROM generate_series(1, 9) i'",
    "table_name": "'garden_made'",
    "algorithm": "'dbscan'",
    "mode": "'spec'",
    "metric": "'cosine'",
    "linkage": "'average'",
    "n_clusters": "2",
    "uri_bases": """'{"SRC": "src/"}'""",
    "plan": "ingest_plan('garden', '11111111-2222-3333-4444-555555555555', '11111111-2222-3333-4444-555555555555',"
    " '11111111-2222-3333-4444-555555555555')",
}


# For one function alone.
TAME_BY_FUNCTION = {
    **{
        (name, "plan"): TAME_BY_NAME["plan"].replace("ingest_plan", "migration_plan").rsplit(",", 1)[0] + ")"
        for name in ("run_migration", "run_log_migration")
    },
    **{
        (name, "findings"): """'[{"rule_id": "r", "file_path": "a.py", "line": 1, "message": "m"}]'"""
        for name in ("ingest_findings", "ingest_objects", "fingerprint_findings")
    },
}

# Functions that need one of two options.
OPTIONS = {"cluster_agglomerative": {"distance_threshold": "0.1"}}


@dataclass(frozen=True)
class Function:
    """A function as pg_proc has it; of its input arguments the last `defaults` may be left out."""

    name: str
    kind: str
    language: str
    types: tuple[str, ...]
    arguments: tuple[str, ...]
    defaults: int

    def tame(self, index: int) -> str:
        name = self.arguments[index]
        value = TAME_BY_FUNCTION.get((self.name, name)) or TAME_BY_NAME.get(name, TAME[self.types[index]])
        return value if self.types[index] in ("anyelement", "internal") else f"({value})::{cast(self.types[index])}"

    def statement(self, values: dict[int, str]) -> str:
        """A call with these values; the others are tame, or left out where they may be."""
        required = len(self.types) - self.defaults
        given = {index: self.tame(index) for index in range(required)}
        given |= {self.arguments.index(name): value for name, value in OPTIONS.get(self.name, {}).items()}
        given |= values
        # Positional up to the first that is left out; a name only where one is needed.
        listed = ", ".join(
            given[index] if index < required else f"{self.arguments[index]} => {given[index]}"
            for index in sorted(given)
        )
        if self.kind == "p":
            return f"CALL {self.name}({listed})"
        over = " OVER (ORDER BY i)" if self.kind == "w" else ""
        rows = "generate_series(1, 3) i" if self.kind == "w" else "(VALUES (1)) v (i)"
        return f"SELECT count(x) FROM (SELECT {self.name}({listed}){over} AS x FROM {rows} OFFSET 0) q"


def cast(type_name: str) -> str:
    return f"{type_name[1:]}[]" if type_name.startswith("_") else type_name


FUNCTIONS = """
SELECT p.proname, p.prokind, l.lanname,
       ARRAY(SELECT t.typname::text FROM unnest(p.proargtypes) WITH ORDINALITY a (o, i)
             JOIN pg_type t ON t.oid = a.o ORDER BY i),
       p.proargnames, p.proargmodes::text[], p.pronargdefaults
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'reviewpro_pg'
ORDER BY p.proname, p.oid::regprocedure::text COLLATE "C"
"""


def function(row: tuple) -> Function:
    name, kind, language, types, names, modes, defaults = row
    names = names or [""] * len(types)
    inputs = [name for name, mode in zip(names, modes or ["i"] * len(names), strict=False) if mode in "ibv"]
    return Function(name, kind, language, tuple(types), tuple(inputs), defaults)


def statements(function: Function, pairs: int, chooser: random.Random) -> Iterator[str]:
    """Every awkward value of every argument among tame ones, then `pairs` calls with all arguments awkward."""
    yield function.statement({})
    for index, name in enumerate(function.types):
        for value in AWKWARD[name]:
            yield function.statement({index: value})
    for _ in range(pairs):
        # Defaults last: what is left out must be a tail or be named, which statement() sees to.
        yield function.statement({index: chooser.choice(AWKWARD[name]) for index, name in enumerate(function.types)})


def unplanted(functions: list[Function]) -> set[str]:
    """Argument types that nobody has thought of."""
    return set(itertools.chain.from_iterable(function.types for function in functions)) - set(AWKWARD)
