DROP TABLE import_feeds;
