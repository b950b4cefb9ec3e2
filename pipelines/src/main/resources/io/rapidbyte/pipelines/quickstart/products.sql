CREATE TABLE products (
  id integer NOT NULL,
  sku varchar(20) NOT NULL,
  title text NOT NULL,
  description text,
  price numeric(10,2) NOT NULL,
  weight_kg real,
  attributes json,
  thumbnail bytea,
  discontinued boolean NOT NULL,
  listed_at timestamp NOT NULL
);
INSERT INTO products
SELECT i,
       'SKU-' || lpad(i::text, 8, '0'),
       'Product ' || i || E' – "quoted", with\ttab',
       CASE WHEN i % 4 = 0 THEN NULL ELSE repeat('Lorem ipsum dolor sit amet. ', 1 + i % 40) END,
       (i * 7919 % 100000) / 100.0,
       CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 31 % 10000) / 1000.0 END,
       json_build_object('color', (ARRAY['red', 'green', 'blue'])[1 + i % 3], 'sizes', json_build_array('S', 'M', 'L')),
       CASE WHEN i % 6 = 0 THEN NULL ELSE decode(repeat(md5(i::text), 8), 'hex') END,
       i % 23 = 0,
       timestamp '2019-06-01 08:00:00' + i * interval '11 minutes'
FROM generate_series(1, :products) AS i;
ALTER TABLE products ADD PRIMARY KEY (id);
