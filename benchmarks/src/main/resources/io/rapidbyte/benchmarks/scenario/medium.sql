CREATE TABLE bench_events (
  id bigint NOT NULL,
  tenant uuid NOT NULL,
  user_id integer NOT NULL,
  event_type text NOT NULL,
  amount numeric(12,2),
  score double precision,
  is_active boolean NOT NULL,
  url text NOT NULL,
  user_agent text NOT NULL,
  properties jsonb NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO bench_events
SELECT i,
       md5('tenant' || i % 100)::uuid,
       (i * 15485863 % 100000)::integer,
       (ARRAY['view', 'click', 'search', 'add_to_cart', 'checkout', 'purchase', 'refund'])[1 + i % 7],
       CASE WHEN i % 10 = 0 THEN NULL ELSE (i * 7919 % 10000000) / 100.0 END,
       (i * 7919 % 1000003) / 1000003.0,
       i % 5 < 3,
       'https://shop.example.com/products/' || md5(i::text) || '?campaign=' || md5((i % 500)::text),
       'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' || i % 150 || '.0.0.0 Safari/537.36',
       jsonb_build_object('session', md5((i / 20)::text), 'position', i % 50, 'tags', jsonb_build_array('a' || i % 9, 'b' || i % 11)),
       (SELECT string_agg(md5((i * 31 + n)::text), ' ') FROM generate_series(1, 33) AS n),
       timestamptz '2026-01-01 00:00:00+00' + i * interval '0.731 seconds'
FROM generate_series(1::bigint, :rows) AS i;
ALTER TABLE bench_events ADD PRIMARY KEY (id);
