-- What wrk sends: limit checks, each with an order number of its own, or GET /v1/me. Parameters by environment:
--   BENCH_TOKEN      the bearer token
--   BENCH_MODE       reserve (each with its own Idempotency-Key), plain (reserve: false), or me
--   BENCH_CUSTOMERS  how many customers take part, from C-00001; 1 makes it one hot account
--   BENCH_RUN        part of every order number and key: another value for every run on the same book
-- Prints one line that the sections read. Answers are not looked at here, which would take the processor from the
-- server: the sections ask the server's metrics and its records afterwards.

local mode = os.getenv("BENCH_MODE")
local customers = tonumber(os.getenv("BENCH_CUSTOMERS"))
local head = "Host: 127.0.0.1\r\nAuthorization: Bearer " .. os.getenv("BENCH_TOKEN") .. "\r\n"
local me = "GET /v1/me HTTP/1.1\r\n" .. head .. "\r\n"
local post = "POST /v1/limit-checks HTTP/1.1\r\n" .. head .. "Content-Type: application/json\r\n"
local body = '{"customer":"C-%05d","order_number":"%s",' ..
  '"amount":{"amount":"10.00","currency":"EUR"},"reserve":%s}'
local format, random = string.format, math.random
local threads, sent, prefix = 0, 0, nil

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  prefix = os.getenv("BENCH_RUN") .. "-" .. number .. "-"
  math.randomseed(number)
end

function request()
  if mode == "me" then return me end
  sent = sent + 1
  local order = prefix .. sent
  local json = format(body, random(customers), order, mode == "reserve" and "true" or "false")
  local key = mode == "reserve" and "Idempotency-Key: bench-" .. order .. "\r\n" or ""
  return post .. key .. "Content-Length: " .. #json .. "\r\n\r\n" .. json
end

function done(summary, latency)
  local errors = summary.errors
  print(format("figures requests=%d rate=%.1f median_us=%d p99_us=%d errors=%d",
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
