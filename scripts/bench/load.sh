# What makes load and reads figures off it, for `stage`. Every figure of a name is kept; the median counts.

declare -A samples

# take NAME FIGURE
take() {
  samples[$1]+="$2 "
  printf '  %-36s %s\n' "$1" "$2"
}

# of NAME: the median of what was taken.
of() { tr ' ' '\n' <<<"${samples[$1]}" | grep . | median; }

median() {
  sort -n | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

calculate() { awk "BEGIN { print ($*) }"; }

# watch COMMAND...: runs it in the background and waits, so that a signal finds us at once; its words are in "output".
watch() {
  "$@" >"$BENCH_WORK/output" 2>&1 &
  program=$!
  wait "$program" || { echo "${1##*/} failed:"; cat "$BENCH_WORK/output"; exit 1; } >&2
  program=
}

# settle: lets what is still to be written be written now, and not in the measurement that follows.
settle() {
  [ -z "${TEST_DATABASE_URL:-}" ] || sql postgres -c CHECKPOINT
  sync -f "$BENCH_WORK" 2>/dev/null || true
}

# pgbench_into NAME SCRIPT CLIENTS ACCOUNTS: transactions per second as NAME, and of one client the median latency in
# milliseconds as "NAME, ms". The tables are fresh each time.
pgbench_into() {
  local name=$1 script=$2 clients=$3 accounts=$4 threads=2 log=()
  [ "$clients" -gt 1 ] || { threads=1; log=(--log --log-prefix="$BENCH_WORK/latency"); }
  sql postgres -c "DROP DATABASE IF EXISTS yardstick WITH (FORCE)" -c "CREATE DATABASE yardstick"
  sql yardstick --set "accounts=$BENCH_ACCOUNTS" -f "$here/yardstick.sql"
  settle
  rm -f "$BENCH_WORK"/latency.*
  watch pgbench --no-vacuum --protocol=prepared --client="$clients" --jobs="$threads" --time="$BENCH_SECONDS" \
    --define="accounts=$accounts" --file="$here/$script" "${log[@]}" "$(url_of yardstick)"
  take "$name" "$(sed -n 's/^tps = \([0-9]*\).*/\1/p' "$BENCH_WORK/output")"
  [ "$clients" -gt 1 ] || take "$name, ms" "$(calculate "$(cut -d ' ' -f 3 "$BENCH_WORK"/latency.* | median) / 1000")"
}

# rate_book_into NAME: customers that a rating run rates in a second, from its start to its end.
rate_book_into() {
  local path job='' status=
  path=$(curl --noproxy '*' -sSf -X POST -H "Authorization: Bearer $credit" -H "Content-Type: application/json" -d '{}' \
    -o /dev/null -w '%header{location}' "http://$NETTERMS_LISTEN/v1/rating-runs")
  while [ -z "$status" ] || [ "$status" = queued ] || [ "$status" = running ]; do
    sleep 0.5
    job=$(ask "$path")
    status=$(sed 's/.*"status":"\([a-z]*\)".*/\1/' <<<"$job")
  done
  [ "$status" = succeeded ] || { echo "The rating run ended so: $job" >&2; exit 1; }
  take "$1" "$(python3 -c 'import datetime, json, sys
job = json.loads(sys.argv[1])
begun, ended = (datetime.datetime.fromisoformat(job[at].replace("Z", "+00:00")) for at in ("started_at", "finished_at"))
print(round(job["result"]["customers"] / (ended - begun).total_seconds()))' "$job")"
}

# wrk_into NAME MODE CONNECTIONS CUSTOMERS: requests per second as NAME, and the median latency as "NAME, ms", after a
# short warm-up. MODE is as checks.lua has it. The processor time of each request says where the time goes, and says it
# on a busy machine too.
wrk_into() {
  local name=$1 mode=$2 connections=$3 customers=$4 ours theirs
  settle
  wrk_for 2 "$mode" "$connections" "$customers"
  ours=$(processor_time "$server") theirs=$(processor_time_of_postgres)
  wrk_for "$BENCH_SECONDS" "$mode" "$connections" "$customers"
  ours=$(calculate "$(processor_time "$server") - $ours") theirs=$(calculate "$(processor_time_of_postgres) - $theirs")
  take "$name" "$(figure rate)"
  take "$name, ms" "$(calculate "$(figure median_us) / 1000")"
  printf '  %-36s %.0f us, PostgreSQL %.0f us\n' "processor time each: server" \
    "$(calculate "$ours / $(figure requests) * 1e6")" "$(calculate "$theirs / $(figure requests) * 1e6")"
}

# processor_time PROCESS...: in seconds, of those that still run.
processor_time() {
  local process
  for process in "$@"; do cat "/proc/$process/stat" || true; done 2>/dev/null |
    awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); sum += $12 + $13 } END { print sum / ticks }'
}

processor_time_of_postgres() {
  [ -n "${TEST_DATABASE_URL:-}" ] || { echo 0; return; }
  local postmaster
  postmaster=$(head -n 1 "$(sql postgres -c "SHOW data_directory")/postmaster.pid")
  # shellcheck disable=SC2046 # one word for each process
  processor_time $(cat "/proc/$postmaster/task/$postmaster/children")
}

# wrk_for SECONDS MODE CONNECTIONS CUSTOMERS
wrk_for() {
  BENCH_MODE=$2 BENCH_CUSTOMERS=$4 BENCH_RUN=$(fresh_run) watch \
    wrk --threads 1 --connections "$3" --duration "$1s" --timeout 10s --script "$here/checks.lua" \
    "http://$NETTERMS_LISTEN"
  no_errors
}

# open_loop_for SECONDS RATE: reserving checks, uniform, whether or not the answers come.
open_loop_for() {
  BENCH_RUN=$(fresh_run) watch "$BENCH_WORK/open_loop" "${NETTERMS_LISTEN#*:}" "$2" "$1" 256 "$BENCH_ACCOUNTS"
  no_errors
}

fresh_run() { date +%s%N; }

# figure NAME: from the last load's line.
figure() { sed -n "s/^figures .*\b$1=\([0-9.]*\).*/\1/p" "$BENCH_WORK/output"; }

no_errors() { [ "$(figure errors)" = 0 ] || { cat "$BENCH_WORK/output" >&2; exit 1; }; }
