CREATE TABLE events (
  id bigint NOT NULL,
  customer_id bigint NOT NULL,
  event_type varchar(20) NOT NULL,
  amount double precision,
  is_mobile boolean NOT NULL,
  payload text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO events
SELECT i,
       1 + i * 15485863 % :customers,
       (ARRAY['view', 'click', 'search', 'add_to_cart', 'checkout', 'purchase', 'refund'])[1 + i % 7],
       CASE WHEN i % 3 = 0 THEN NULL ELSE (i * 7919 % 1000000) / 100.0 END,
       i % 5 < 3,
       'ref-' || md5(i::text),
       timestamptz '2026-01-01 00:00:00+00' + i * interval '0.731 seconds'
FROM generate_series(1::bigint, :events) AS i;
ALTER TABLE events ADD PRIMARY KEY (id);
