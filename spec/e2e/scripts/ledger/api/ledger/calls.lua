-- spec/e2e/scripts/ledger/api/ledger/calls.lua -- the same over RPC, by methods that also start runs and stream.

local api = require "human.api"
local db = require "human.db"
local s = require "human.schema"
local task = require "human.task"

local M = {}
local g = api.group { tag = "Ledger", base = "/ledger", auth = "ledger_key" }
local TAKE = "update purse_accounts set cents = cents - 1 where id = $1 and cents > 0 returning cents"
local NOTE = "insert into purse_debits (id, account_id, cents, request) values ($1, $2, 1, $3)"

g:rpc_socket("/ws", { summary = "The ledger", dialects = { "gateway", "jsonrpc" }, calls = { rate = 1000, burst = 1000 } })
g:event("word", { summary = "A part of what a run says", payload = { request = s.string, text = s.string } })

local params = { account = s.string, request = s.string }
local result = { left = s.int, run = s.string }

local function debit(p)
  return db.tx(function(tx)
    local row = tx:must("conflict", TAKE, p.account)
    tx:ask(NOTE, "d" .. p.request .. row.cents, p.account, p.request)
    return { left = row.cents, run = "run " .. p.request }
  end)
end

local function run(conn, request)
  db.exec("insert into purse_runs (request) values ($1)", request)
  for word in ("one two three"):gmatch "%a+" do conn:event("word", { request = request, text = word }) end
end

for name, idempotent in pairs { take = true, strict = "tx" } do
  g:rpc(name, { summary = "Take a cent, then start a run", params = params, result = result, errors = { "conflict" },
                idempotent = idempotent }, function(ctx, p)
    local made = debit(p)
    ctx:after(task.spawn_named, made.run, run, ctx.conn, p.request)
    return made
  end)
end

-- Reaches beyond the database before it has answered.
g:rpc("direct", { summary = "Take a cent, start a run, stream, then answer", params = params, result = result,
                  errors = { "conflict" }, idempotent = true, timeout_s = 25 }, function(ctx, p)
  local made = debit(p)
  assert(task.spawn_named(made.run, run, ctx.conn, p.request))
  ctx.conn:event("word", { request = p.request, text = "begun" })
  if p.request:find "slow" then task.sleep(20) end
  if p.request:find "bug" then error "after the run was started" end
  return made
end)

g:rpc("refuse", { summary = "Take a cent, then refuse", params = { account = s.string, request = s.string, code = s.string },
                  errors = { "conflict", "rate_limited" }, idempotent = true }, function(ctx, p)
  debit(p)
  ctx:fail(p.code, { message = "refused " .. p.code, held_s = 5 })
end)

g:rpc("impatient", { summary = "Run in vain to start a run within the transaction", params = params, idempotent = "tx" },
  function(ctx, p)
    debit(p)
    task.spawn_named("run " .. p.request, run, ctx.conn, p.request)
    return {}
  end)

return M
