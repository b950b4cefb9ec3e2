CREATE TABLE order_items (
  order_id bigint NOT NULL,
  line smallint NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL,
  unit_price numeric(10,2) NOT NULL,
  discount real
);
INSERT INTO order_items
SELECT 1 + i / 3,
       (1 + i % 3)::smallint,
       (1 + i * 32452843 % :products)::int,
       (1 + i % 5)::int,
       (i * 7919 % 100000) / 100.0,
       CASE WHEN i % 8 = 0 THEN 0.15 END
FROM generate_series(0::bigint, :order_items - 1) AS i;
ALTER TABLE order_items ADD PRIMARY KEY (order_id, line);
