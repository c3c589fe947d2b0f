CREATE FUNCTION bar(
    value double precision,
    max double precision,
    width integer DEFAULT 30,
    ascii boolean DEFAULT false
) RETURNS text
    IMMUTABLE STRICT PARALLEL SAFE
    LANGUAGE c AS 'MODULE_PATHNAME', 'bar_wrapper';
COMMENT ON FUNCTION bar(double precision, double precision, integer, boolean) IS
    'A bar of width characters for value = max, shorter for less, in eighths of a character; never empty for a value above 0. Example: SELECT n, bar(n, max(n) OVER ()) FROM (VALUES (3), (14), (15)) v (n)';

CREATE FUNCTION sparkline(
    data double precision[],
    low double precision DEFAULT NULL,
    high double precision DEFAULT NULL,
    ascii boolean DEFAULT false
) RETURNS text
    IMMUTABLE PARALLEL SAFE COST 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'sparkline_wrapper';
COMMENT ON FUNCTION sparkline(double precision[], double precision, double precision, boolean) IS
    'A series as one line, a character per value: low (by default the least value) is the lowest, high the highest; NULL and NaN are blanks. Example: SELECT sparkline(array_agg(n ORDER BY day)) FROM (VALUES (1, 5), (2, 9), (3, 2)) v (day, n)';

CREATE FUNCTION histogram(
    data double precision[],
    buckets integer DEFAULT 10,
    width integer DEFAULT 30,
    ascii boolean DEFAULT false
) RETURNS TABLE (bucket integer, low double precision, high double precision, count integer, bar text)
    IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'histogram_wrapper';
COMMENT ON FUNCTION histogram(double precision[], integer, integer, boolean) IS
    'How values are spread: buckets of equal width from the least to the greatest, each from low to below high, the last one with high. Bucket 0 is -Infinity, the one after the last Infinity, NULL counts NULL and NaN. Example: SELECT * FROM histogram(ARRAY[1, 2, 2, 3, 9], buckets => 4)';
