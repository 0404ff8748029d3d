-- scripts/api/gateway/queue.lua -- work for later (human.queue) as an operator sees it: what waits, what runs, what was
-- given up and why; retry and drop are for what was given up alone.

local backlog = require "human.backlog"
local json = require "human.json"
local log = require "human.log"
local rpc = require "human.rpc"
local s = require "human.schema"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Queue"
local kind, id = s.string { min = 1, max = 300 }, s.string { min = 1, max = 200 }
local Kind = s.object {
  { "kind", s.string }, { "waiting", s.int }, { "running", s.int }, { "dead", s.int },
  { "late_s", s.number:describe "how long the first row that is due has been waiting" },
}
local FIELDS = {
  { "kind", s.string }, { "id", s.string }, { "key", s.string:optional():describe "what it is about" },
  { "state", s.enum(backlog.STATES) }, { "due_at", s.time }, { "added_at", s.time }, { "dead_at", s.time:optional() },
  { "attempts", s.int }, { "last_error", s.string:optional() },
}
local Row = s.object { unpack(FIELDS) }
local Shown = s.object { { "payload", s.json }, unpack(FIELDS) }

g:event("queue.changed", {
  summary = "Rows that were given up are tried again, or were dropped",
  payload = { action = s.enum { "retry", "drop" }, kind = s.string, rows = s.int },
})

g:rpc("queue.stats", {
  summary = "Each kind of deferred work: how many rows wait, run, and were given up; counted up to 10,000",
  roles = surface.READERS, result = { kinds = s.array(Kind) },
}, function() return { kinds = json.array(backlog.kinds()) } end)

-- The place of the last row goes back as it came; it is checked when it is used.
local function page_of(list, limit)
  local last = list[limit]
  for _, row in ipairs(list) do
    if row ~= last then row.place = nil end
    row.last_error = row.last_error and log.mask(row.last_error)
  end
  local after = last and last.place or nil
  if last then last.place = nil end
  return { rows = json.array(list), after = after }
end

g:rpc("queue.list", {
  summary = "Rows of one state, those that come first, or were given up first", roles = surface.OPERATOR,
  params = { state = s.enum(backlog.STATES):default "dead", kind = kind:optional(),
             limit = s.int { min = 1, max = backlog.LIST_MAX }:default(100),
             after = s.string { max = 200 }:optional():describe "of the page before" },
  result = { rows = s.array(Row), after = s.string:optional():describe "there may be more: ask with it" },
  errors = { "queue_place" },
}, function(ctx, p)
  local list = backlog.list(p.state, p.kind, p.limit, p.after)
  if not list then ctx:fail "queue_place" end
  return page_of(list, p.limit)
end)

g:rpc("queue.show", {
  summary = "One row with what it was given; secrets are masked", roles = surface.OPERATOR,
  params = { kind = kind, id = id }, result = { row = Shown }, errors = { "queue_row_not_found" },
}, function(ctx, p)
  local row = backlog.show(p.id, p.kind)[1]
  if not row then ctx:fail "queue_row_not_found" end
  row.payload = json.encode_sorted(log.redact((json.decode(json.encode(row.payload)))))
  row.last_error = row.last_error and log.mask(row.last_error)
  return { row = row }
end)

local function change(name, summary, result)
  g:rpc("queue." .. name, {
    summary = summary, roles = surface.OPERATOR, params = { kind = kind, id = id:optional() },
    result = { rows = s.int:describe(result) }, errors = { "queue_row_not_found" },
  }, function(ctx, p)
    local n = backlog[name](p.kind, p.id, ctx.actor.id)
    if n == 0 and p.id then ctx:fail "queue_row_not_found" end
    if n > 0 then rpc.to("/ws", "gateway"):event("queue.changed", { action = name, kind = p.kind, rows = n }) end
    return { rows = n }
  end)
end

change("retry", "Try a row that was given up again, or, without id, all of its kind", "to be tried again")
change("drop", "Delete a row that was given up, or, without id, all of its kind", "deleted")

return M
