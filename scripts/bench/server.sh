# The book and the server, for `stage`.

# Load is what callers may not make.
export NETTERMS_RATE_LIMIT_PER_SECOND=0

# sql DATABASE [ARGUMENT OF psql...]
sql() {
  local database=$1
  shift
  PGOPTIONS=--client-min-messages=warning psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
    --dbname "$(url_of "$database")" "$@"
}

# url_of DATABASE: the URL of a database on our PostgreSQL.
url_of() { echo "${TEST_DATABASE_URL%/*}/$1"; }

# A book of our own customers, each with an account and a limit that no run uses up. Imported once; every section gets
# a copy, so that none works on what another has left.
import_book() {
  local files=$BENCH_WORK
  awk -v n="$BENCH_ACCOUNTS" 'BEGIN { print "number,name,country"
    for (i = 1; i <= n; i++) printf "C-%05d,Customer %d,DE\n", i, i }' >"$files/customers.csv"
  awk -v n="$BENCH_ACCOUNTS" 'BEGIN { print "customer_number,currency,net_days,limit_kind,limit"
    for (i = 1; i <= n; i++) printf "C-%05d,EUR,30,amount,10000000000.00\n", i }' >"$files/accounts.csv"
  NETTERMS_LOG=warn "$BENCH_BIN" import --kind customers "$files/customers.csv" >"$BENCH_WORK/output" 2>&1
  NETTERMS_LOG=warn "$BENCH_BIN" import --kind credit_accounts "$files/accounts.csv" >"$BENCH_WORK/output" 2>&1
}

# import_history: customers with one invoice each, paid some days after it was due, or before.
import_history() {
  local files=$BENCH_WORK kind
  awk -v n="$BENCH_RATED" 'BEGIN { print "number,name,country"
    for (i = 1; i <= n; i++) printf "R-%06d,Customer %d,DE\n", i, i }' >"$files/customers.csv"
  awk -v n="$BENCH_RATED" 'BEGIN { print "customer_number,currency,net_days"
    for (i = 1; i <= n; i++) printf "R-%06d,EUR,30\n", i }' >"$files/credit_accounts.csv"
  awk -v n="$BENCH_RATED" -v day="$(date -u -d '-90 days' +%F)" 'BEGIN {
    print "number,customer_number,invoice_date,amount,currency"
    for (i = 1; i <= n; i++) printf "I-%06d,R-%06d,%s,%d.00,EUR\n", i, i, day, 100 + i % 9000 }' >"$files/invoices.csv"
  for day in {0..9}; do
    awk -v n="$BENCH_RATED" -v first="$day" -v day="$(date -u -d "-$((70 - day * 5)) days" +%F)" 'BEGIN {
      if (first == 0) print "number,customer_number,receipt_date,amount,currency,invoice_number"
      for (i = first + 1; i <= n; i += 10)
        printf "P-%06d,R-%06d,%s,%d.00,EUR,I-%06d\n", i, i, day, 100 + i % 9000, i }'
  done >"$files/receipts.csv"
  for kind in customers credit_accounts invoices receipts; do
    NETTERMS_LOG=warn "$BENCH_BIN" import --kind "$kind" "$files/$kind.csv" >"$BENCH_WORK/output" 2>&1
  done
}

# fresh_book: a new book on PostgreSQL, and a server on it.
fresh_book() {
  stop_server
  NETTERMS_JWT_SECRET=${NETTERMS_JWT_SECRET:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}
  export NETTERMS_JWT_SECRET
  if [ -z "$(sql postgres -c "SELECT 1 FROM pg_database WHERE datname = 'template_book'")" ]; then
    sql postgres -c "CREATE DATABASE template_book"
    NETTERMS_DATABASE_URL=$(url_of template_book) import_book
    # What autovacuum would have done within a minute; it leaves empty tables alone.
    sql template_book -c "VACUUM ANALYZE customers, credit_accounts, limits, trail_entries"
  fi
  sql postgres -c "DROP DATABASE IF EXISTS book WITH (FORCE)" -c "CREATE DATABASE book TEMPLATE template_book"
  NETTERMS_DATABASE_URL=$(url_of book)
  export NETTERMS_DATABASE_URL
  start_server
}

# fresh_sqlite_book: a new book in a SQLite file, and a server on it.
fresh_sqlite_book() {
  stop_server
  NETTERMS_JWT_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  rm -f "$BENCH_WORK"/book.db*
  export NETTERMS_JWT_SECRET NETTERMS_DATABASE_URL=sqlite://$BENCH_WORK/book.db
  import_book
  start_server
}

# start_server: with the defaults of every setting but the log, on a port below the range that the kernel hands out. A
# server that has ended found it taken, or is broken.
start_server() {
  local attempt
  for attempt in 1 2 3; do
    export NETTERMS_LISTEN=127.0.0.1:$((10000 + RANDOM % 10000))
    NETTERMS_LOG=warn "$BENCH_BIN" serve >>"$BENCH_WORK/log" 2>&1 </dev/null &
    server=$!
    wait_until_ready && break
    [ "$attempt" != 3 ] || { echo "The server does not start." >&2; exit 1; }
  done
  BENCH_TOKEN=$("$BENCH_BIN" token --role system --subject order-system --ttl-minutes 1440)
  credit=$("$BENCH_BIN" token --role credit --subject credit --ttl-minutes 1440)
  auditor=$("$BENCH_BIN" token --role auditor --subject auditor --ttl-minutes 1440)
  export BENCH_TOKEN
}

wait_until_ready() {
  local tries
  for tries in {1..150}; do
    sleep 0.2
    kill -0 "$server" 2>/dev/null || { server=; return 1; }
    ! curl --noproxy '*' -sf -o /dev/null --max-time 2 "http://$NETTERMS_LISTEN/readyz" || return 0
  done
  echo "The server is not ready after 30 seconds." >&2
  exit 1
}

# stop_server: after it has been asked whether all that it answered was right.
stop_server() {
  [ -n "$server" ] || return 0
  check_answers
  kill "$server"
  wait "$server" || { echo "The server ended with exit code $?." >&2; exit 1; }
  server=
}

ask() { curl --noproxy '*' -sSf --max-time 120 -H "Authorization: Bearer $auditor" "http://$NETTERMS_LISTEN$1"; }

# check_answers: fails unless every answer was good and every decision approved. The load generators leave this to the
# server's own records, because looking into each answer would take the processor from the server.
check_answers() {
  local wrong
  wrong=$(ask /metrics | grep '^netterms_http_requests_total' | grep -v 'status="20[02]"' || true)
  [ -z "$wrong" ] || { echo "Not everything was answered well:"; echo "$wrong"; exit 1; } >&2
  wrong=$(ask '/v1/limit-checks?outcome=approved_with_warning&outcome=review_required&outcome=rejected&limit=1')
  [[ $wrong == '{"data":[],'* ]] || { echo "A check was not approved: $wrong"; exit 1; } >&2
}
