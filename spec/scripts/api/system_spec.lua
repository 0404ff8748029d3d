-- spec/scripts/api/system_spec.lua -- what the server says about itself.

local fake_host = require "fake_host"

local function read(path)
  local f = assert(io.open("scripts/" .. path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

describe("the system routes", function()
  local app
  before_each(function()
    app = fake_host.start()
    app:load { ["api/system.lua"] = read "api/system.lua" }
  end)
  after_each(function() app:stop() end)

  it("say how the server is, on both listeners", function()
    for listener = 0, 1 do
      local a = app:request { path = "/health", listener = listener }
      assert.same({ 200, "ok", "up", "0123456789ab" }, { a.status, a.json.status, a.json.database, a.json.scripts })
      assert.is_false(a.json.llm.language_model)
    end
  end)

  it("say when the database is away", function()
    app.host.db_up = function() return false end
    assert.equal("degraded", app:request({ path = "/health" }).json.status)
    local a = app:request { path = "/ready" }
    assert.same({ 503, false, { "database_unavailable" } }, { a.status, a.json.ready, a.json.reasons })
  end)

  it("name what is wrong, and whether requests suffer from it", function()
    local sound = app:request({ path = "/health" }).json
    assert.same({ {}, "0.0.0" }, { sound.problems, sound.version })
    assert.is_nil(sound.reload)
    app.host.metric_set("human_last_reload_successful", 0)
    local refused = app:request({ path = "/health" }).json
    assert.same({ "ok", "refused", { "the last reload of the scripts was refused" } },
      { refused.status, refused.reload, refused.problems })
    require("human.system").drain()
    local a = app:request { path = "/ready" }
    assert.same({ 503, { "draining" } }, { a.status, a.json.reasons })
  end)

  it("count what was answered, in the format of Prometheus, on the main port only", function()
    app:request { path = "/ready" }
    app:request { path = "/nope" }
    local a = app:request { path = "/metrics" }
    assert.equal("text/plain; version=0.0.4; charset=utf-8", a.headers["content-type"])
    for _, line in ipairs {
      '# TYPE human_http_requests_total counter',
      'human_http_requests_total{method="GET",route="/ready",status="200"} 1',
      'human_http_requests_total{method="GET",route="none",status="404"} 1',
      'human_http_request_duration_seconds_count{method="GET",route="/ready"} 1',
      'human_bundle_info{bundle="0123456789ab"} 1', 'human_tasks{worker="0"} 1',
    } do
      assert.is_truthy(("\n" .. a.body):find("\n" .. line .. "\n", 1, true), line)
    end
    assert.equal(404, app:request({ path = "/metrics", listener = 1 }).status)
  end)

  it("describe the API, themselves included", function()
    local asked, also = app:send { path = "/openapi.json" }, app:send { path = "/openapi.json" }
    app:advance(1)                               -- others come between while it is made
    local a = app:answer(asked)
    assert.equal(a.body, app:answer(also).body)
    assert.equal("application/json", a.headers["content-type"])
    assert.matches("^3%.1", a.json.openapi)
    for _, path in ipairs { "/health", "/ready", "/openapi.json", "/metrics" } do
      assert.is_table(a.json.paths[path].get, path)
    end
  end)

  it("are summed up by `human check`", function()
    assert.equal("scripts 0123456789ab: 4 modules, 7 routes, 0 jobs, 0 rule examples",
      require("human.cli.check").summary(require("human.scripts.generation").current()))
  end)
end)
