-- What is open by currency and age: what a person would write who looks at open rows alone.
SELECT i.currency, CASE WHEN t.due_date >= current_date THEN 0 WHEN t.due_date >= current_date - 30 THEN 1
        WHEN t.due_date >= current_date - 60 THEN 2 WHEN t.due_date >= current_date - 90 THEN 3
        WHEN t.due_date >= current_date - 180 THEN 4 WHEN t.due_date >= current_date - 365 THEN 5 ELSE 6 END AS bucket,
    SUM(t.open_minor), COUNT(*)
FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id WHERE t.open_minor > 0 GROUP BY 1, 2;
