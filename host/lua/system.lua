-- host/lua/system.lua -- what the host says about itself: health, readiness, metrics, OpenAPI.
-- The routes are in scripts/api/system.lua.

local db = require "human.db"
local gen = require "human.gen"
local host = require "human.host"

local M = {}
local STARTED = host.now()
local rendered = setmetatable({}, { __mode = "k" })   -- generation -> OpenAPI text

-- The state of the parts: {status = "ok"|"degraded", database, worker, workers, uptime_s, scripts, llm}.
-- llm: {provider, model, language_model (false: the built-in rules answer), problem}.
function M.health()
  local up = host.db_up()
  local ok, status = pcall(require("human.llm").status)
  if not ok then status = { provider = "none", language_model = false, problem = tostring(status) } end
  return {
    status = up and "ok" or "degraded", database = up and "up" or "down",
    worker = host.worker(), workers = host.workers(), uptime_s = math.floor(host.now() - STARTED),
    scripts = gen.current().id,
    llm = { provider = status.provider, model = status.model, language_model = status.language_model,
            problem = status.problem },
  }
end

-- May a load balancer send requests here?  Not before the migrations are done.
function M.is_ready() return db.is_ready() end

-- "name{label="x"}" -> "name".
local function family(name) return name:match "^[^{]+" end

-- Counters of all workers in the Prometheus text format 0.0.4.
function M.metrics_text()
  require("human.traffic").flush()
  local sums, names = host.metrics(), {}
  for name in pairs(sums) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local x, y = family(a), family(b)
    if x ~= y then return x < y end
    return a < b
  end)
  local out, last = {}, nil
  for _, name in ipairs(names) do
    local f = family(name)
    if f ~= last then
      out[#out + 1] = "# TYPE " .. f .. (f:find "_total$" and " counter" or " gauge")
      last = f
    end
    out[#out + 1] = ("%s %.17g"):format(name, sums[name])
  end
  return table.concat(out, "\n") .. "\n"
end

-- The OpenAPI document of the generation in service, as JSON text.
function M.openapi()
  local g = gen.current()
  local text = rendered[g]
  if not text then
    text = require("human.openapi").render(g)
    rendered[g] = text
  end
  return text
end

return M
