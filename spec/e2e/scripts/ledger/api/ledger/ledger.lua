-- spec/e2e/scripts/ledger/api/ledger/ledger.lua -- money that may be taken once for each Idempotency-Key, in the ways
-- that handlers have: one transaction, several, one that waits for something else, one that fails afterwards.

local api = require "human.api"
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local s = require "human.schema"
local task = require "human.task"

local g = api.group { tag = "Ledger", base = "/ledger", auth = "ledger_key", shape = "agent" }

api.auth("ledger_key", { type = "apiKey", header = "X-API-Key" }, function(_, key) return { id = key } end)

local TAKE = "update purse_accounts set cents = cents - $2::bigint where id = $1 and cents >= $2::bigint returning cents"
local NOTE = "insert into purse_debits (id, account_id, cents, request) values ($1, $2, $3::bigint, $4)"

local function debit(account_id, body)
  return db.tx(function(tx)
    local row = tx:must("conflict", TAKE, account_id, body.cents)
    local debit_id = id.new()
    tx:ask(NOTE, debit_id, account_id, body.cents, body.request)
    return { id = debit_id, cents = row.cents }
  end)
end

local SPEC = {
  body = s.object { cents = s.int { min = 1 }, request = s.string { max = 100 } },
  reply = { [201] = s.object { { "id", s.id }, { "cents", s.int } } }, errors = { "conflict", "rate_limited" },
}
local function route(path, summary, fn, more)
  local spec = { summary = summary }
  for k, v in pairs(SPEC) do spec[k] = v end
  for k, v in pairs(more or {}) do spec[k] = v end
  g:post("/accounts/{id}" .. path, spec, function(ctx, body) return fn(ctx, ctx.params.id, body) end)
end

route("", "Open an account", function(_, account, body)
  db.exec("insert into purse_accounts (id, cents) values ($1, $2::bigint)", account, body.cents)
  return 201, { id = account, cents = body.cents }
end)

route("/debits", "Take money, in one transaction", function(_, account, body) return 201, debit(account, body) end)

route("/pairs", "Take it twice, in two transactions", function(_, account, body)
  debit(account, body)
  return 201, debit(account, body)
end)

route("/patient", "Take it, then wait for others", function(_, account, body)
  local made = debit(account, body)
  task.sleep(0)
  return 201, made
end)

route("/strict", "Take it, and wait where that is refused", function(_, account, body)
  local made = debit(account, body)
  if body.cents == 2 then task.sleep(0) end
  return 201, made
end, { idempotent = "tx" })

for _, code in ipairs { "conflict", "rate_limited", "internal" } do
  route("/then_" .. code, "Take it, then refuse", function(_, account, body)
    debit(account, body)
    fail.throw(code)
  end)
end

g:post("/keys", {
  summary = "Shows a key, once", auth = false, idempotent = true,
  reply = { [201] = s.object { key = s.string { secret = true } } },
}, function() return 201, { key = "lk_" .. crypto.random_hex(16) } end)

g:post("/receipts", {
  summary = "Takes a receipt to the files", body = s.upload { max = 100000 }, reply = { [201] = s.object { sha256 = s.string } },
}, function(_, file) return 201, { sha256 = file.sha256 } end)

return g
