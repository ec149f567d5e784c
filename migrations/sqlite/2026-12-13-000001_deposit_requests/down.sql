DROP TABLE deposit_requests;
