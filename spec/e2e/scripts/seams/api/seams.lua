-- spec/e2e/scripts/seams/api/seams.lua -- routes that ask the runtime for what it refuses, and what loses races.

local api = require "human.api"
local bus = require "human.bus"
local s = require "human.schema"

local g = api.group { tag = "Seams", base = "/seams", auth = false, shape = "agent" }
local reply = { [200] = s.object { n = s.number:optional() } }

g:post("/speak", { summary = "Speaks on a topic", query = { topic = s.string, how = s.enum { "send", "emit" } },
                   reply = reply }, function(ctx)
  local topic = ctx.query.topic
  if ctx.query.how == "send" then bus.send(topic, {}) else ctx:emit(topic, {}) end
  return 200, {}
end)

g:post("/header", { summary = "Sends a header", query = { name = s.string, value = s.string }, reply = reply },
  function(ctx) return 200, {}, { [ctx.query.name] = ctx.query.value } end)

g:post("/refuse", { summary = "Refuses with a header", query = { name = s.string, value = s.string }, reply = reply,
                    errors = { "conflict" } }, function(ctx)
  ctx:fail("conflict", { headers = { [ctx.query.name] = ctx.query.value } })
end)

g:post("/count", { summary = "Counts, serializably", reply = reply, errors = { "transaction_conflict" } },
  function(ctx)
    local n = ctx:tx(function(tx)
      local count = tx:value "select count(*)::int from seams"
      tx:exec("insert into seams values ($1::int)", count)
      return count
    end, { isolation = "serializable" })
    return 200, { n = n }
  end)

g:post("/race", { summary = "Loses every race", reply = reply, errors = { "transaction_conflict" } }, function(ctx)
  ctx:tx(function(tx)
    tx:exec [[do $$ begin raise exception 'lost' using errcode = '40001'; end $$]]
  end)
  return 200, {}
end)

bus.on("seams", function(payload) return payload.no.such.thing end)

return {}
