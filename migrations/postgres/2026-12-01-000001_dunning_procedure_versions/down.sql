ALTER TABLE dunning_notices DROP COLUMN procedure_version_id;
ALTER TABLE dunning_runs DROP COLUMN procedures;
ALTER TABLE dunning_procedures ADD COLUMN document text NOT NULL DEFAULT '{"levels": []}';
UPDATE dunning_procedures SET document = (
    SELECT v.document FROM dunning_procedure_versions v
    WHERE v.dunning_procedure_id = dunning_procedures.id AND v.status = 'live'
);
DROP TABLE dunning_procedure_versions;
