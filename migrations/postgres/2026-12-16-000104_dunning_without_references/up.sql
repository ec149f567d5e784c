-- A run writes a line and a stage for every overdue item, under locks, from rows that it has just read and that nothing deletes:
-- looking each reference up again took most of its time. `netterms verify` asks instead.
ALTER TABLE dunning_notice_items DROP CONSTRAINT dunning_notice_items_new_notice_id_fkey;
ALTER TABLE dunning_notice_items DROP CONSTRAINT dunning_notice_items_new_item_id_fkey;
ALTER TABLE dunning_notice_items DROP CONSTRAINT dunning_notice_items_new_invoice_id_fkey;
ALTER TABLE dunning_stages DROP CONSTRAINT dunning_stages_of_items_item_id_fkey;
ALTER TABLE dunning_stages DROP CONSTRAINT dunning_stages_of_items_invoice_id_fkey;
ALTER TABLE dunning_stages DROP CONSTRAINT dunning_stages_of_items_customer_id_fkey;
ALTER TABLE dunning_stages DROP CONSTRAINT dunning_stages_of_items_notice_id_fkey;
