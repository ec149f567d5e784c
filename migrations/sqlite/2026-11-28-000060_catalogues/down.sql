DROP TABLE change_requests;
DROP TABLE catalogue_versions;
