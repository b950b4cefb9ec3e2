CREATE TABLE bench_events (
  id bigint NOT NULL,
  document text NOT NULL
);
INSERT INTO bench_events
SELECT i, repeat(md5(i::text), 1638400)
FROM generate_series(1::bigint, :rows) AS i;
ALTER TABLE bench_events ADD PRIMARY KEY (id);
