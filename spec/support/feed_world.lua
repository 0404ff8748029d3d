-- spec/support/feed_world.lua -- a feed on the fake host, streams that follow it, and the events that they got.

local fake_host = require "fake_host"

local M = {}

-- Rows are numbers from `from` to `to`, in state so that the spec sets them; each costs the read a statement.
local SCRIPT = [[
local api, db, feed = require "human.api", require "human.db", require "human.feed"
local s, state, task = require "human.schema", require "human.state", require "human.task"
local log = state.table "feed"
local M = {}

function M.read(key, after, limit, arg)
  log.reads = (log.reads or 0) + 1
  log.arg = arg
  db.query("select 1")
  if log.fails then error(log.fails) end
  if log.hangs then task.sleep(100) end
  local n, from, rows = math.max(after, log.from - 1), log.from, {}
  if after > 0 and after < from - 1 then return {}, "reset" end
  for i = n + 1, math.min(log.to, n + limit) do
    local data = ("%s" .. key .. i):rep(log.size or 1)
    rows[#rows + 1] = { id = i, event = i %% 10 == 0 and "ten" or nil, data = i ~= log.skip and data or nil }
  end
  return rows, log.word
end
function M.newest(keys)
  local out = {}
  for _, key in ipairs(keys) do out[key] = key ~= log.gone and log.to or nil end
  return out
end
%s

local g = api.group { auth = log.auth or false, shape = "agent" }
local Query = { after = s.int:optional(), for_s = s.int:optional() }
g:stream("/follow/{key}", { summary = "Follows", query = Query }, function(ctx)
  local out = ctx:stream()
  out:event("hello", "you")
  out:follow("numbers", ctx.params.key, ctx.query.after, { arg = "x", for_s = ctx.query.for_s })
end)
g:stream("/wrong/{what}", { summary = "Wrong" }, function(ctx)
  local out = ctx:stream()
  if ctx.params.what == "name" then out:follow("none", "a") end
  if ctx.params.what == "key" then out:follow("numbers", "") end
  if ctx.params.what == "after" then out:follow("numbers", "a", "a\nb") end
  if ctx.params.what == "twice" then out:follow("numbers", "a"); out:follow("numbers", "b") end
  if ctx.params.what == "fails" then out:follow("numbers", "a"); ctx:fail "conflict" end
end)
g:post("/tell/{key}", { summary = "Tells", reply = { [204] = false } }, function(ctx)
  feed.tell("numbers", ctx.params.key)
  return 204
end)
g:post("/commit/{key}", { summary = "Tells", reply = { [204] = false } }, function(ctx)
  ctx:tx(function()
    feed.tell("numbers", ctx.params.key)
    log.told_within = log.reads
  end)
  return 204
end)
return M
]]

M.WITH, M.NEWEST = 'feed.define("numbers", "api.numbers.read")',
  'feed.define("numbers", "api.numbers.read", { newest = "api.numbers.newest" })'

--- The files of a generation.  text: what stands before each row's; define: of the feed.
function M.script(text, define) return { ["api/numbers.lua"] = SCRIPT:format(text or "", define or M.WITH) } end

--- {app, log (the state table that the script reads), follow, tell, body, events}.
function M.start()
  local app, seen = fake_host.start(), {}
  local log = require("human.state").table "feed"
  local w = { app = app, log = log }
  log.from, log.to, log.reads = 1, 3, 0
  for _, name in ipairs { "fails", "hangs", "skip", "size", "word", "auth", "told_within", "gone" } do log[name] = nil end
  app:load(M.script())

  function w.follow(key, query, last_id)
    return app:send { path = "/follow/" .. (key or "a") .. (query or ""), headers = { ["last-event-id"] = last_id } }
  end
  function w.tell(key) return app:request { method = "POST", path = "/tell/" .. (key or "a") } end
  function w.body(id) return app:answer(id).body end

  -- The events since the last call: "id:data", the name in front where there is one.
  function w.events(id)
    local out, text = {}, w.body(id):sub((seen[id] or 0) + 1)
    seen[id] = #w.body(id)
    for event in text:gmatch "(.-)\n\n" do
      local name, at, data = event:match "event: (%w+)", event:match "id: (%w+)", event:match "data: ([^\n]*)"
      if name ~= "hello" and data then out[#out + 1] = (name and name .. " " or "") .. (at or "") .. ":" .. data end
    end
    return table.concat(out, " ")
  end
  return w
end

return M
