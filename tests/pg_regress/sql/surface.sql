-- Every object of the extension, and what the planner is told about it.
SELECT p.oid::regprocedure::text COLLATE "C" AS function,
       p.provolatile AS volatile, p.proisstrict AS strict, p.proparallel AS parallel,
       p.procost AS cost, p.prorows AS rows, p.prosecdef AS definer, p.proleakproof AS leakproof
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
ORDER BY 1;

-- Types and relations.
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) COLLATE "C" AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid <> 'pg_proc'::regclass
ORDER BY 1;

-- An object (array types and the row types of relations apart) without a comment, or a function whose comment shows no example, does not pass.
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) COLLATE "C" AS undocumented
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid = d.objid AND (t.typelem <> 0 OR c.relkind <> 'c')))
  AND (obj_description(d.objid, (SELECT relname FROM pg_class WHERE oid = d.classid)) IS NULL
       OR d.classid = 'pg_proc'::regclass AND obj_description(d.objid, 'pg_proc') !~ 'Example: ')
ORDER BY 1;
