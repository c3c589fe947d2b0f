-- Every object of the extension, and what the planner is told about it.
SELECT p.oid::regprocedure AS function,
       p.provolatile AS volatile, p.proisstrict AS strict, p.proparallel AS parallel,
       p.procost AS cost, p.prorows AS rows, p.prosecdef AS definer, p.proleakproof AS leakproof
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
ORDER BY function::text COLLATE "C";

-- Types and relations.
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid <> 'pg_proc'::regclass
ORDER BY object COLLATE "C";

-- An object without a comment, or a function whose comment shows no example, does not pass.
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS undocumented
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND (obj_description(d.objid, (SELECT relname FROM pg_class WHERE oid = d.classid)) IS NULL
       OR d.classid = 'pg_proc'::regclass AND obj_description(d.objid, 'pg_proc') !~ 'Example: ')
ORDER BY undocumented COLLATE "C";
