CREATE TABLE bench_events (
  id bigint NOT NULL,
  user_id integer NOT NULL,
  title text NOT NULL,
  document text NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE bench_events ALTER COLUMN document SET STORAGE EXTERNAL;
INSERT INTO bench_events
SELECT i,
       (i * 15485863 % 100000)::integer,
       'document ' || i,
       repeat((SELECT string_agg(md5((i * 31 + n)::text), '') FROM generate_series(1, 128) AS n), 16),
       timestamptz '2026-01-01 00:00:00+00' + i * interval '0.731 seconds'
FROM generate_series(1::bigint, :rows) AS i;
ALTER TABLE bench_events ADD PRIMARY KEY (id);
