CREATE TABLE customers (
  id bigint NOT NULL,
  external_id uuid NOT NULL,
  email varchar(120) NOT NULL,
  full_name text NOT NULL,
  country char(2) NOT NULL,
  is_active boolean NOT NULL,
  credit numeric(12,2),
  birthday date,
  preferences jsonb NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO customers
SELECT i,
       md5('customer ' || i)::uuid,
       'customer' || i || '@example.com',
       (ARRAY['Ada', 'Grace', 'Zoë', 'Jürgen', '美咲', 'Олена', 'Ngọc'])[1 + i % 7] || ' '
         || (ARRAY['Lovelace', 'O''Neill', 'Hopper', 'Müller', '山本', 'Шевченко', 'Nguyễn'])[1 + i / 7 % 7],
       (ARRAY['DE', 'US', 'JP', 'UA', 'VN', 'BR'])[1 + i % 6],
       i % 11 <> 0,
       CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 104729 % 2000000 - 500000) / 100.0 END,
       CASE WHEN i % 17 = 0 THEN NULL ELSE date '1940-01-01' + (i * 37 % 25000)::int END,
       jsonb_build_object('newsletter', i % 2 = 0, 'language', 'de', 'tags', jsonb_build_array('a', i % 10)),
       timestamptz '2020-01-01 00:00:00+00' + i * interval '47 minutes'
FROM generate_series(1::bigint, :customers) AS i;
ALTER TABLE customers ADD PRIMARY KEY (id);
