/* The yardstick for SQLite: what one writer reaches that reserves in one transaction each, durably, without HTTP.
 * Prints transactions per second.
 *   cc -O2 -o one_commit_each one_commit_each.c -lsqlite3
 *   ./one_commit_each FILE ACCOUNTS SECONDS
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static sqlite3 *db;

static void must(int code, int expected) {
  if (code != expected) {
    fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db));
    exit(1);
  }
}

static void run(const char *sql) { must(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK); }

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement;
  must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), SQLITE_OK);
  return statement;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void finish(sqlite3_stmt *statement) {
  must(sqlite3_step(statement), SQLITE_DONE);
  sqlite3_reset(statement);
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "%s FILE ACCOUNTS SECONDS\n", arguments[0]);
    return 2;
  }
  long accounts = atol(arguments[2]);
  double seconds = atof(arguments[3]);
  must(sqlite3_open(arguments[1], &db), SQLITE_OK);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;");
  run("CREATE TABLE accounts (id INTEGER PRIMARY KEY, limit_minor INTEGER NOT NULL,"
      " reserved_minor INTEGER NOT NULL) STRICT;"
      "CREATE TABLE reservations (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, order_number TEXT NOT NULL,"
      " amount_minor INTEGER NOT NULL, created_at TEXT NOT NULL) STRICT;"
      "CREATE INDEX reservations_account ON reservations (account_id, id);"
      "CREATE TABLE decisions (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, order_number TEXT NOT NULL,"
      " amount_minor INTEGER NOT NULL, outcome TEXT NOT NULL, decided_at TEXT NOT NULL) STRICT;"
      "CREATE INDEX decisions_account ON decisions (account_id, id);");
  run("BEGIN");
  sqlite3_stmt *open = prepare("INSERT INTO accounts VALUES (?1, 1000000000000, 0)");
  for (long id = 1; id <= accounts; id++) {
    sqlite3_bind_int64(open, 1, id);
    finish(open);
  }
  run("COMMIT");

  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt *read = prepare("SELECT limit_minor, reserved_minor FROM accounts WHERE id = ?1");
  sqlite3_stmt *take = prepare("UPDATE accounts SET reserved_minor = reserved_minor + 1000 WHERE id = ?1");
  sqlite3_stmt *reserve = prepare("INSERT INTO reservations (account_id, order_number, amount_minor, created_at)"
                                  " VALUES (?1, ?2, 1000, datetime())");
  sqlite3_stmt *decide = prepare("INSERT INTO decisions (account_id, order_number, amount_minor, outcome, decided_at)"
                                 " VALUES (?1, ?2, 1000, 'approved', datetime())");
  sqlite3_stmt *commit = prepare("COMMIT");

  long done = 0;
  double started = now();
  while (now() - started < seconds) {
    char order[32];
    int length = snprintf(order, sizeof order, "SO-%ld", done);
    long account = 1 + random() % accounts;
    finish(begin);
    sqlite3_bind_int64(read, 1, account);
    must(sqlite3_step(read), SQLITE_ROW);
    long long left = sqlite3_column_int64(read, 0) - sqlite3_column_int64(read, 1);
    sqlite3_reset(read);
    if (left < 1000) {
      fprintf(stderr, "The limit of account %ld is used up.\n", account);
      return 1;
    }
    sqlite3_bind_int64(take, 1, account);
    finish(take);
    for (sqlite3_stmt **insert = (sqlite3_stmt *[]){reserve, decide, NULL}; *insert; insert++) {
      sqlite3_bind_int64(*insert, 1, account);
      sqlite3_bind_text(*insert, 2, order, length, SQLITE_STATIC);
      finish(*insert);
    }
    finish(commit);
    done++;
  }
  printf("%.1f\n", (double)done / (now() - started));
  return 0;
}
