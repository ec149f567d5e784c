DROP TABLE ratings;
DROP TABLE rating_models;
DROP TABLE grade_scales;
