-- A script for wrk: every request has a seed of its own. Arguments: "digit" or "grid", then n.
-- Ends with one line of JSON: microseconds, counts.
local kind, n, seed = "digit", 64, 0

function init(args)
  kind = args[1] or kind
  n = args[2] or n
end

function request()
  seed = seed + 1
  if kind == "digit" then
    return wrk.format("POST", "/generate", {["Content-Type"] = "application/json"}, string.format('{"seed": %d}', seed))
  end
  return wrk.format("GET", string.format("/grid?n=%d&seed=%d", n, seed * n))
end

function done(summary, latency, requests)
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
