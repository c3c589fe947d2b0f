-- bar: proportions, both ends of the scale, what is no number.
SELECT n, bar(n, 32, 4) FROM unnest('{-1,0,0.001,1,7,8,9,31,32,33,Infinity,-Infinity,NaN,NULL}'::float8[]) n;
SELECT bar(3, 4, 8, ascii => true), bar(0.001, 4, 8, ascii => true), bar(1, 0), bar(1, NULL) IS NULL AS no_max, bar(1, 1, NULL) IS NULL AS no_width;
SELECT n, bar(n, max(n) OVER (), 10) FROM (VALUES (3), (14), (15)) v (n);
SELECT length(bar(1e308, 1.5e308)), length(bar('Infinity', 'Infinity')), bar(1, 'Infinity', 3), bar(2::bigint, 4::numeric, 3);
SELECT * FROM refusal('SELECT bar(1, 2, 0)');
SELECT * FROM refusal('SELECT bar(1, 2, 1001)');

-- sparkline: gaps, infinities, equal values, a scale of one's own, any numbers.
SELECT sparkline('{1,5,22,13,5}') AS five, sparkline('{1,NULL,3,NaN,2}') || '|' AS gaps, sparkline('{-Infinity,1,2,Infinity}') AS ends,
       sparkline('{7,7,7}') AS flat, sparkline('{}') = '' AS empty, sparkline(NULL) IS NULL AS nothing, sparkline('{NULL}') || '|' AS one_gap;
SELECT sparkline('{0,5,20}', low => 0, high => 10), sparkline('{0,5,20}', high => 40), sparkline('{0,1,2,3,4,5,6,7}', ascii => true);
SELECT sparkline(array_agg(n ORDER BY n)) FROM generate_series(1, 8) n;
SELECT sparkline(array_agg(n::numeric ORDER BY n)), sparkline('[3:5]={1,2,3}'::float8[]), sparkline('{{1,2},{3,4}}'), sparkline('{-1.7e308,0,1.7e308}') FROM generate_series(1, 8) n;
SELECT length(sparkline(array_agg(n))) FROM generate_series(1, 100000) n;
SELECT * FROM refusal($$SELECT sparkline('{1}', low => 2, high => 2)$$);
SELECT * FROM refusal($$SELECT sparkline('{1}', low => 'NaN')$$);
SELECT * FROM refusal($$SELECT sparkline('{1}', ascii => NULL)$$);
SET reviewpro.max_memory = '1MB';
SELECT code, message, hint FROM refusal('SELECT sparkline(array_agg(n)) FROM generate_series(1, 400000) n');
RESET reviewpro.max_memory;

-- histogram: the counts add up to the number of values, whatever they are.
SELECT * FROM histogram('{1,2,2,3,9}', buckets => 4, width => 8);
SELECT * FROM histogram('{-Infinity,1,NaN,NULL,2,Infinity,Infinity}', buckets => 2, width => 4, ascii => true);
SELECT * FROM histogram('{5,5,5}', width => 4);
SELECT count(*) FROM histogram('{}');
SELECT count(*) FROM histogram(NULL);
SELECT bucket, count FROM histogram('{NULL,NULL}');
SELECT low, high, count FROM histogram('{-1.7976931348623157e308,1.7976931348623157e308}', buckets => 2, width => 2);
SELECT sum(count), count(*), bool_and(low < high) FROM histogram((SELECT array_agg(sqrt(n)) FROM generate_series(1, 10000) n), buckets => 1000);
-- As width_bucket says, for values that are not rounded.
SELECT count(*) FILTER (WHERE h.count <> w.count) AS differences, count(*) AS buckets
FROM histogram((SELECT array_agg(n) FROM generate_series(0, 64) n), buckets => 8) h
JOIN (SELECT least(width_bucket(n, 0, 64, 8), 8) AS bucket, count(*) FROM generate_series(0, 64) n GROUP BY 1) w USING (bucket);
SELECT * FROM refusal($$SELECT * FROM histogram('{1}', buckets => 0)$$);
SELECT * FROM refusal($$SELECT * FROM histogram('{1}', buckets => 1001)$$);
SELECT * FROM refusal($$SELECT * FROM histogram('{1}', width => 0)$$);
SELECT * FROM refusal($$SELECT * FROM histogram('{1}', ascii => NULL)$$);

-- A user's own functions of these names are another matter.
BEGIN;
CREATE SCHEMA mine;
CREATE FUNCTION mine.bar(value float8, max float8) RETURNS text LANGUAGE sql RETURN 'mine';
SET LOCAL search_path = mine, public;
SELECT bar(1, 2), bar(1, 2, 2), sparkline('{1,2}');
ROLLBACK;
