-- scripts/gateway/attention.lua -- what somebody should look at: jobs that fail, channels that do not work, work that
-- was given up, and what other areas add.  Calls of tools that wait for a permission are gateway.approvals'.

local backlog = require "human.backlog"
local log = require "human.log"
local channel_status = require "gateway.channel.status"
local cron = require "gateway.cron"

local M = {}

M.MOST = 20                                      -- limit: attention of a kind

local sources, order = {}, {}

--- Declares, while scripts load, a kind of thing that wants attention.  look(ctx), with the call's ctx, gives a list of
--- {id, name, detail, at (ms, when it began or is due), count}, of which id and name must be there, the most urgent
--- first.
function M.source(kind, look)
  if sources[kind] then error("attention.source: '" .. kind .. "' is there already", 2) end
  sources[kind], order[#order + 1] = look, kind
end

local function failing_jobs()
  local list = {}
  for _, job in ipairs(cron.list()) do
    if job.enabled and job.failures > 0 then
      list[#list + 1] = { id = tostring(job.id), name = job.name, detail = job.last_error, at = job.last_at,
                          count = job.failures }
    end
  end
  return list
end

local function failing_channels()
  local list = {}
  for _, one in ipairs(channel_status.list()) do
    if one.status == "error" then
      local at = math.max(one.last_in_error_at or 0, one.last_out_error_at or 0)
      list[#list + 1] = { id = one.key, name = one.label, detail = one.error, at = at > 0 and at * 1000 or nil }
    end
  end
  return list
end

local function given_up()
  local list = {}
  for _, kind in ipairs(backlog.kinds()) do
    if kind.dead > 0 then list[#list + 1] = { id = kind.kind, name = kind.kind, count = kind.dead } end
  end
  return list
end

M.source("job", failing_jobs)
M.source("channel", failing_channels)
M.source("queue", given_up)

--- Everything that wants attention, by kind, for a call: {{kind, id, name, detail, at, count}, ..}; and whether a kind
--- has more.  A kind that cannot be looked at is reported as one (`unknown`), and hides no other.
function M.list(ctx)
  local list, has_more = {}, false
  for _, kind in ipairs(order) do
    local ok, found = pcall(sources[kind], ctx)
    if not ok then
      log.error("attention: a kind could not be looked at", { kind = kind, error = tostring(found) })
      found = { { id = kind, name = kind, kind = "unknown" } }
    end
    for i, one in ipairs(found) do
      if i > M.MOST then has_more = true break end
      one.kind = one.kind or kind
      list[#list + 1] = one
    end
  end
  return list, has_more
end

return M
