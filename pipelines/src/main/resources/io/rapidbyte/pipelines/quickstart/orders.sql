CREATE TABLE orders (
  id bigint NOT NULL,
  customer_id bigint NOT NULL,
  status varchar(12) NOT NULL,
  total numeric(14,2) NOT NULL,
  currency char(3) NOT NULL,
  note text,
  pickup_time time,
  delivery_date date,
  ordered_at timestamptz NOT NULL
);
INSERT INTO orders
SELECT i,
       1 + i * 15485863 % :customers,
       (ARRAY['new', 'paid', 'packed', 'shipped', 'delivered', 'returned'])[1 + i % 6],
       (i * 6700417 % 5000000) / 100.0,
       (ARRAY['EUR', 'USD', 'JPY'])[1 + i % 3],
       CASE WHEN i % 9 = 0 THEN E'Leave it with the neighbour.\nRing twice!' END,
       CASE WHEN i % 4 = 0 THEN time '08:00' + i % 600 * interval '1 minute' END,
       date '2024-01-01' + (i % 730)::int,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '3.7 seconds'
FROM generate_series(1::bigint, :orders) AS i;
ALTER TABLE orders ADD PRIMARY KEY (id);
