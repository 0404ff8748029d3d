-- spec/lua/snapshot_spec.lua -- how human status and human top read the supervisor's status and
-- /metrics.

require("plain_host").install()
local snapshot = require "human.cli.snapshot"

local function metrics(requests, fast, slow)
  return snapshot.parse(([[
# HELP human_http_requests_total x
# TYPE human_http_requests_total counter
human_http_requests_total{method="GET",route="/a/{id}",status="200"} %d
human_http_requests_total{method="GET",route="/b",status="503"} 2
human_http_request_duration_seconds_bucket{route="/a/{id}",le="0.1"} %d
human_http_request_duration_seconds_bucket{route="/a/{id}",le="1"} %d
human_http_request_duration_seconds_bucket{route="/a/{id}",le="+Inf"} %d
human_pool_connections{state="idle",worker="0"} 3
human_pool_connections{state="idle",worker="1"} 4
human_resident_memory_bytes{worker="1"} 1048576
human_database_up{worker="0"} 1
human_llm_cost_dollars_total{model="m"} 0.25
human_log_lines_lost_total 7
]]):format(requests, fast, fast + slow, fast + slow))
end

local SERVER = {
  version = "1.0", pid = 10, uptime_s = 7300, bundle = "abc", stopping = false,
  workers = { { index = 0, pid = 11, started = true, busy = false, restarts = 0, uptime_s = 9, what = "" },
              { index = 1, pid = 12, started = true, busy = true, restarts = 2, uptime_s = 9, what = "GET /a" },
              { index = 2, pid = 0, started = false, busy = false, restarts = 9, uptime_s = 9, what = "" } },
  reload = { at = 1764237600, ok = false, verdict = "refused: a.lua:1: bad\nscripts abc stay in force" },
}

describe("a look at a server", function()
  local before = { server = SERVER, at = 100, metrics = metrics(10, 10, 0) }
  local now = { server = SERVER, at = 102, metrics = metrics(30, 10, 20) }

  for _, case in ipairs { { 0.5, 0.1 }, { 0.25, 0.05 }, { 0.75, 0.55 }, { 1, 1 } } do
    it("finds the " .. case[1] .. " quantile inside its bucket", function()
      local q = snapshot.quantile({ ["0.1"] = 10, ["1"] = 20, ["+Inf"] = 20 }, case[1])
      assert.is_true(math.abs(q - case[2]) < 1e-9)
    end)
  end

  it("knows no quantile of nothing, and none beyond the last bound", function()
    assert.is_nil(snapshot.quantile({}, 0.5))
    assert.is_nil(snapshot.quantile({ ["1"] = 0, ["+Inf"] = 0 }, 0.5))
    assert.equal(1, snapshot.quantile({ ["1"] = 1, ["+Inf"] = 10 }, 0.99))
  end)

  it("says how many requests come now, and how long those took", function()
    local r = snapshot.view(now, before).requests
    assert.same({ 32, 10, 2, 0 }, { r.total, r.per_s, r.failed, r.failed_per_s })
    assert.is_true(r.p50_ms > 100 and r.p99_ms < 1000)
    assert.is_nil(snapshot.view(now).requests.per_s)
  end)

  it("sums over workers, and tells their states", function()
    local v = snapshot.view(now, before)
    assert.same({ "idle", "busy", "down" }, { v.workers[1].state, v.workers[2].state, v.workers[3].state })
    assert.same({ 0, 1048576 }, { v.workers[1].memory_bytes, v.workers[2].memory_bytes })
    assert.same({ 7, true, 0.25, 7 }, { v.pool.idle, v.database_up, v.model.cost_dollars, v.log_lines_lost })
  end)

  it("fits into lines, a refused reload and lost log lines among them", function()
    local text = table.concat(snapshot.lines(snapshot.view(now, before)), "\n")
    for _, part in ipairs { "human 1.0, process 10, up 2 h 1 min", "reload refused at", "refused: a.lua:1: bad",
                            "requests  10.0/s, p50", "7 LINES LOST", "1       12       busy", "GET /a" } do
      assert.is_truthy(text:find(part, 1, true), part .. "\n" .. text)
    end
  end)

  it("is told by the supervisor alone when the workers do not answer", function()
    local v = snapshot.view { server = SERVER, at = 1, problem = "refused" }
    assert.is_nil(v.requests)
    assert.matches("numbers  not available: refused", table.concat(snapshot.lines(v), "\n"))
  end)
end)
