CREATE TABLE bench_events (
  id bigint NOT NULL,
  user_id integer NOT NULL,
  event_type text NOT NULL,
  amount numeric(10,2),
  is_active boolean NOT NULL,
  payload text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO bench_events
SELECT i,
       (i * 15485863 % 100000)::integer,
       (ARRAY['view', 'click', 'search', 'add_to_cart', 'checkout', 'purchase', 'refund'])[1 + i % 7],
       CASE WHEN i % 10 = 0 THEN NULL ELSE (i * 7919 % 10000000) / 100.0 END,
       i % 5 < 3,
       'ref-' || md5(i::text),
       timestamptz '2026-01-01 00:00:00+00' + i * interval '0.731 seconds'
FROM generate_series(1::bigint, :rows) AS i;
ALTER TABLE bench_events ADD PRIMARY KEY (id);
