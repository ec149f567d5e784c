# What is measured, and against what: one function for each section, for `stage`. README.md says why.

# Each as often as there are rounds, one after the other, so that a slow minute of the machine meets all of them.
rounds() { local round; for ((round = 1; round <= BENCH_ROUNDS; round++)); do "$@"; done; }

section_uniform() {
  fresh_book
  once() {
    pgbench_into "pgbench transaction" transaction.sql 16 "$BENCH_ACCOUNTS"
    pgbench_into "pgbench statement" statement.sql 16 "$BENCH_ACCOUNTS"
    wrk_into "reserving" reserve 64 "$BENCH_ACCOUNTS"
  }
  rounds once
  at_least 1.5 "reserving" "pgbench transaction"
  at_least 1 "reserving" "pgbench statement"
}

# Accounts that owe in two more currencies, against accounts that owe in one.
section_balances() {
  fresh_book
  # Both have as many orders behind them when they are measured.
  wrk_for 2 reserve 64 "$BENCH_ACCOUNTS"
  rounds wrk_into "reserving, one balance" reserve 64 "$BENCH_ACCOUNTS"
  sql book -f "$here/balances.sql"
  # Every account was changed, and the server must learn them anew.
  wrk_for 5 reserve 64 "$BENCH_ACCOUNTS"
  rounds wrk_into "reserving, three balances" reserve 64 "$BENCH_ACCOUNTS"
  at_least 0.77 "reserving, three balances" "reserving, one balance"
}

# Whether the sealer keeps up with the desk: entries of the trail that are sealed while the desk writes as many as it can.
section_sealing() {
  local written sealed
  counted() { sql book -c "SELECT count(*) FROM $1"; }
  fresh_book
  wrk_for 2 reserve 64 "$BENCH_ACCOUNTS"
  once() {
    written=$(counted trail_entries) sealed=$(counted trail_seals)
    wrk_into "reserving, while it is sealed" reserve 64 "$BENCH_ACCOUNTS"
    take "entries written" "$(calculate "$(counted trail_entries) - $written")"
    take "entries sealed meanwhile" "$(calculate "$(counted trail_seals) - $sealed")"
  }
  rounds once
  at_least 0.9 "entries sealed meanwhile" "entries written"
}

section_hot() {
  fresh_book
  once() {
    pgbench_into "pgbench transaction, one account" transaction.sql 16 1
    pgbench_into "pgbench statement, one account" statement.sql 16 1
    wrk_into "reserving, one account" reserve 64 1
  }
  rounds once
  at_least 5 "reserving, one account" "pgbench transaction, one account"
  at_least - "reserving, one account" "pgbench statement, one account"
}

section_alone() {
  fresh_book
  once() {
    pgbench_into "pgbench transaction, one client" transaction.sql 1 "$BENCH_ACCOUNTS"
    wrk_into "reserving, one caller" reserve 1 "$BENCH_ACCOUNTS"
  }
  rounds once
  at_most 2.5 "reserving, one caller, ms" "pgbench transaction, one client, ms"
}

section_plain() {
  fresh_book
  once() {
    wrk_into "GET /v1/me" me 64 "$BENCH_ACCOUNTS"
    wrk_into "plain checks" plain 64 "$BENCH_ACCOUNTS"
  }
  rounds once
  at_least 0.5 "plain checks" "GET /v1/me"
}

# The 99th percentile at 70 % of the highest rate.
section_open() {
  local rate
  fresh_book
  [ -n "${samples[reserving]:-}" ] || wrk_into "reserving" reserve 64 "$BENCH_ACCOUNTS"
  rate=$(calculate "int(0.7 * $(of "reserving"))")
  once() {
    settle
    open_loop_for 2 "$rate"
    open_loop_for "$BENCH_SECONDS" "$rate"
    take "answered at 70 % of it" "$(figure rate)"
    take "99th percentile, ms" "$(calculate "$(figure p99_us) / 1000")"
  }
  rounds once
  limit 20 "99th percentile at 70 % of the highest rate, open loop, ms" "99th percentile, ms" \
    "$(pretty "$(of "answered at 70 % of it")") of $(pretty "$rate")/s"
}

section_old() {
  local old="reserving, with $(pretty "$BENCH_OLD") old decisions"
  fresh_book
  # The planner knows the old book's tables, so let it know these: as much as autovacuum would within a minute.
  wrk_for 2 reserve 64 "$BENCH_ACCOUNTS"
  sql book -c "VACUUM ANALYZE"
  rounds wrk_into "reserving, in a new book" reserve 64 "$BENCH_ACCOUNTS"
  sql book --set "old=$BENCH_OLD" -f "$here/old.sql"
  # Every account was changed, and the server must learn them anew; as it has learned those of the new book.
  wrk_for 5 reserve 64 "$BENCH_ACCOUNTS"
  rounds wrk_into "$old" reserve 64 "$BENCH_ACCOUNTS"
  at_least 0.85 "$old" "reserving, in a new book"
}

# Memory under a steady load: the last fifth of the time against the second, when caches are warm.
section_memory() {
  local after
  after="resident after ${BENCH_MEMORY_SECONDS}s of $(pretty "$BENCH_MEMORY_RATE")/s, MiB"
  fresh_book
  wrk_for 2 reserve 64 "$BENCH_ACCOUNTS"
  sample_resident &
  local sampler=$!
  open_loop_for "$BENCH_MEMORY_SECONDS" "$BENCH_MEMORY_RATE"
  kill "$sampler"
  echo "  at most $(($(sort -n "$BENCH_WORK/resident" | tail -n 1) / 1024)) MiB"
  take "resident at first, MiB" "$(mean_of_fifth 2)"
  take "$after" "$(mean_of_fifth 5)"
  at_most 1.1 "$after" "resident at first, MiB"
}

# Twice a second, in KiB; ends with the server.
sample_resident() {
  while awk '/^VmRSS:/ { print $2 }' "/proc/$server/status"; do sleep 0.5; done >"$BENCH_WORK/resident" 2>/dev/null
}

mean_of_fifth() {
  awk -v fifth="$1" '{ value[NR] = $1 } END {
    for (i = int(NR * (fifth - 1) / 5) + 1; i <= NR * fifth / 5; i++) { sum += value[i]; count++ }
    printf "%.1f\n", sum / count / 1024 }' "$BENCH_WORK/resident"
}

# PostgreSQL was started with slow_fsync.so.
section_slow() {
  fresh_book
  once() {
    pgbench_into "pgbench transaction, commit 2 ms" transaction.sql 16 "$BENCH_ACCOUNTS"
    wrk_into "reserving, commit 2 ms" reserve 64 "$BENCH_ACCOUNTS"
    pgbench_into "pgbench transaction, one account, commit 2 ms" transaction.sql 16 1
    wrk_into "reserving, one account, commit 2 ms" reserve 64 1
  }
  rounds once
  at_least 3 "reserving, commit 2 ms" "pgbench transaction, commit 2 ms"
  at_least 20 "reserving, one account, commit 2 ms" "pgbench transaction, one account, commit 2 ms"
}

section_sqlite() {
  fresh_sqlite_book
  once() {
    rm -f "$BENCH_WORK"/yardstick.db*
    settle
    watch "$BENCH_WORK/one_commit_each" "$BENCH_WORK/yardstick.db" "$BENCH_ACCOUNTS" "$BENCH_SECONDS"
    take "SQLite, one commit each, in C" "$(cat "$BENCH_WORK/output")"
    wrk_into "reserving, on SQLite" reserve 64 "$BENCH_ACCOUNTS"
  }
  rounds once
  at_least 2 "reserving, on SQLite" "SQLite, one commit each, in C"
}

# Aging of today through HTTP against hand-written SQL over open rows, with and without a history of paid invoices beside.
section_aging() {
  local open=$((BENCH_PAID / 20)) paid
  aged() { # aged NAME PATH: the median of five, in ms
    local name=$1 path=$2
    take "$name" "$(for ((n = 0; n < 5; n++)); do
      curl --noproxy '*' -sSf -o /dev/null -w '%{time_total}\n' -H "Authorization: Bearer $auditor" \
        "http://$NETTERMS_LISTEN/v1/reports/aging?$path"
    done | sort -n | awk 'NR == 3 { print $1 * 1000 }')"
  }
  by_hand() {
    take "$1" "$(for ((n = 0; n < 5; n++)); do sql book -c '\timing on' -f "$here/aging_yardstick.sql"; done |
      awk '/^Time:/ { print $2 }' | sort -n | awk 'NR == 3')"
  }
  for paid in 0 "$BENCH_PAID"; do
    fresh_book
    sql book --set "open=$open" --set "paid=$paid" -f "$here/aging.sql"
    once() {
      by_hand "SQL over $(pretty "$open") open rows, $(pretty "$1") paid beside, ms"
      aged "aging of today, $(pretty "$1") paid beside, ms" by=currency
      aged "aging of one customer, $(pretty "$1") paid beside, ms" "customer=C-00001"
      aged "aging of 60 days ago, $(pretty "$1") paid beside, ms" \
        "by=currency&as_of=$(date -u -d '-60 days' +%F)"
    }
    rounds once "$paid"
    at_most 1.5 "aging of today, $(pretty "$paid") paid beside, ms" \
      "SQL over $(pretty "$open") open rows, $(pretty "$paid") paid beside, ms"
    limit 20 "one customer, $(pretty "$paid") paid beside, ms" \
      "aging of one customer, $(pretty "$paid") paid beside, ms" "$(pretty "$open") open"
    at_most - "aging of 60 days ago, $(pretty "$paid") paid beside, ms" \
      "SQL over $(pretty "$open") open rows, $(pretty "$paid") paid beside, ms"
  done
  at_most 1.1 "aging of today, $(pretty "$BENCH_PAID") paid beside, ms" "aging of today, 0 paid beside, ms"
}

# The whole book is rated by the job, on both databases: what is known of each customer, its score, grade and record.
section_rating() {
  rated_on() {
    import_history
    start_server
    once() { rate_book_into "customers rated a second, $1"; }
    rounds once "$1"
    row "customers rated a second, $1" "$(pretty "$(of "customers rated a second, $1")")" "of $(pretty "$BENCH_RATED")" "" "" - 0
  }
  stop_server
  NETTERMS_JWT_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  export NETTERMS_JWT_SECRET
  sql postgres -c "DROP DATABASE IF EXISTS rated WITH (FORCE)" -c "CREATE DATABASE rated"
  export NETTERMS_DATABASE_URL
  NETTERMS_DATABASE_URL=$(url_of rated)
  rated_on PostgreSQL
  stop_server
  rm -f "$BENCH_WORK"/rated.db*
  NETTERMS_DATABASE_URL=sqlite://$BENCH_WORK/rated.db
  rated_on SQLite
}

# at_least TIMES FIGURE YARDSTICK, at_most TIMES FIGURE YARDSTICK: a row of the table, from what was taken by these
# names. TIMES may be -, when there is no target.
at_least() { compare ">=" "$@"; }
at_most() { compare "<=" "$@"; }

compare() {
  local sign=$1 times=$2 figure yardstick ratio
  figure=$(of "$3") yardstick=$(of "$4")
  ratio=$(calculate "$figure / $yardstick")
  row "$3" "$(pretty "$figure")" "$4: $(pretty "$yardstick")" "$(printf '%.2f' "$ratio")" "$sign" "$times" "$ratio"
}

# limit MOST MEASURE FIGURE NOTE: a row whose target is a figure itself.
limit() { row "$2" "$(pretty "$(of "$3")")" "$4" "" "<=" "$1" "$(of "$3")"; }

# row MEASURE FIGURE YARDSTICK RATIO SIGN TARGET COMPARED
row() {
  local verdict='' target=
  if [ "$6" != - ]; then
    target="$5 $6"
    verdict=$(calculate "$7 $5 $6 ? \"ok\" : \"NOT REACHED\"")
  fi
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$target" "$verdict" >>"$BENCH_WORK/rows"
}

# pretty NUMBER: 12,345 and 67.8, and 0.912 below 10.
pretty() {
  awk -v number="$1" 'BEGIN {
    if (number < 10 && number != int(number)) { printf "%.3f", number; exit }
    if (number < 1000 && number != int(number)) { printf "%.1f", number; exit }
    text = sprintf("%.0f", number)
    while (match(text, /^[0-9]+[0-9][0-9][0-9]($|,)/)) text = group(text)
    printf "%s", text }
    function group(text,  head, tail) {
      head = text; tail = ""
      if ((at = index(text, ",")) > 0) { head = substr(text, 1, at - 1); tail = substr(text, at) }
      return substr(head, 1, length(head) - 3) "," substr(head, length(head) - 2) tail
    }'
}
