INSERT INTO customers VALUES (1000, 'demo@example.com', 'Demo Customer', NULL);
INSERT INTO orders (customer_email, item) VALUES ('demo@example.com', 'a demonstration');
