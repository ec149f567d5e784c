-- What of the policy's row for the customer's grade the recommendation passes, with a reason for each, as JSON.
ALTER TABLE applications ADD COLUMN exceptions text NOT NULL DEFAULT '[]';
