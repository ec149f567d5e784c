DROP TABLE dunning_blocks;
DROP TABLE dunning_stages;
DROP TABLE dunning_notice_items;
DROP TABLE dunning_notices;
DROP TABLE dunning_runs;
DROP TABLE dunning_procedures;
