-- SQLite has no row versions: there the desk sees by the trail that somebody wrote.
SELECT 1;
