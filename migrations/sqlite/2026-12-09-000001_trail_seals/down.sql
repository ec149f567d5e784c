DROP TABLE trail_checkpoints;
DROP TABLE trail_seals;
