-- A run goes from customer to customer, in slices: how far it is, and up to which customer.
ALTER TABLE dunning_runs ADD COLUMN job_id uuid;
ALTER TABLE dunning_runs ADD COLUMN done_to uuid;
ALTER TABLE dunning_runs ADD COLUMN progress_done bigint NOT NULL DEFAULT 0;
ALTER TABLE dunning_runs ADD COLUMN progress_total bigint NOT NULL DEFAULT 0;
ALTER TABLE dunning_runs ADD COLUMN notices bigint NOT NULL DEFAULT 0;
ALTER TABLE dunning_runs ADD COLUMN lines bigint NOT NULL DEFAULT 0;
ALTER TABLE dunning_runs ADD COLUMN scope text NOT NULL DEFAULT 'all';
UPDATE dunning_runs SET
    notices = (SELECT COUNT(*) FROM dunning_notices n WHERE n.run_id = dunning_runs.id),
    lines = (
        SELECT COUNT(*) FROM dunning_notice_items i JOIN dunning_notices n ON n.id = i.notice_id
        WHERE n.run_id = dunning_runs.id
    );
UPDATE dunning_runs SET progress_done = lines, progress_total = lines;
CREATE INDEX dunning_notices_run_customer ON dunning_notices (run_id, customer_id);

-- What somebody decided about a line before the run was approved.
ALTER TABLE dunning_notice_items ADD COLUMN decision text;
ALTER TABLE dunning_notice_items ADD COLUMN decision_reason text;
ALTER TABLE dunning_notice_items ADD COLUMN decided_by text;
ALTER TABLE dunning_notice_items ADD COLUMN dunning_block_id uuid;

-- What the customer is to pay a notice with.
ALTER TABLE dunning_notices ADD COLUMN payment_reference text;
