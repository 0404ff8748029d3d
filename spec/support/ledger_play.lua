-- spec/support/ledger_play.lua -- does what ledger_model.lua lists, to the model and to the database.  Any statement may be the
-- last one before the process dies, whatever has been done is tried again, and after each step what the database holds
-- is what the model holds.

local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local audit = require "marketplace.audit"
local credits = require "marketplace.credits"
local escrow = require "marketplace.escrow"
local ledger = require "marketplace.ledger"
local model_of = require "ledger_model"

local M = {}

local DIED = "the process died here"
local LOTS = "select string_agg(pool || remaining, ' ' order by id) from credit_lots where actor = $1"

-- A transaction whose process dies before its statement number `last` (nil: never); counts them.
local function dying(tx, last)
  local count = 0
  return setmetatable({}, { __index = function(_, method)
    local is_statement = method == "query" or method == "row" or method == "value" or method == "exec"
    return function(_, ...)
      if is_statement then
        count = count + 1
        if count == last then error(DIED, 0) end
      end
      return tx[method](tx, ...)
    end
  end }), function() return count end
end

local function attempt(step, name, last)
  local count
  local ok, result = pcall(db.tx, function(tx)
    local mortal, counted = dying(tx, last)
    local answer = model_of.KINDS[step.kind].real(mortal, step, name)
    count = counted()
    if last == count + 1 then error(DIED, 0) end -- at the commit
    return answer
  end)
  return ok and result ~= false, result, count
end

local function compare(model, name)
  for a = 1, model_of.ACTORS do
    for _, pool in ipairs { "M", "W" } do
      local is = ledger.balance("wallet_" .. pool, name(a)).free
      assert(is == model:sum(a, pool), ("actor %d has %s of %s, not %s"):format(a, is, pool, model:sum(a, pool)))
    end
    local is = db.value(LOTS, name(a)) or ""
    assert(is == model:lots_of(a), ("actor %d has the lots %s, not %s"):format(a, is, model:lots_of(a)))
  end
  for t = 1, model_of.OBJECTS do
    local is, waits = escrow.balance(name("t" .. t)), model.authorised[t] or 0
    assert(is.posted == model.held[t] and is.credits_pending == waits, ("object %d holds %s and %s, not %s and %s")
      :format(t, is.posted, is.credits_pending, model.held[t], waits))
  end
end

-- known: what was wrong before, which is another test's finding.
function M.check_audit(known)
  for _, wrong in ipairs(audit.run()) do
    local text = json.encode_sorted(wrong)
    assert(known and known[text], "the audit found " .. text)
  end
end

local function what_is_wrong()
  local known = {}
  for _, wrong in ipairs(audit.run()) do known[json.encode_sorted(wrong)] = true end
  return known
end

local function refused(result)
  if type(result) == "table" and result.code == "insufficient_balance" then return true end
  return result == false or db.is_error(result) and (result.sqlstate == "23514" or result.sqlstate == "23505")
end

local function run_step(model, step, name)
  local happens = model_of.KINDS[step.kind].model(model, step)
  local before = { pcall(attempt, step, name, step.fault % 6 + 1) }
  if not (before[1] and (before[3] == DIED or not before[2])) then -- it had fewer statements than that: it is done
    assert(happens, step.kind .. " went through, and should not")
  else
    local ok, result = attempt(step, name)
    local what = ok and "went through" or "was refused: " .. json.encode(result)
    assert(ok == happens, ("%s: %s, and should %s"):format(step.kind, what, happens and "go through" or "be refused"))
    assert(ok or refused(result), step.kind .. " failed otherwise: " .. tostring(result))
  end
  if happens and not step.repeats then
    local again, why = attempt(step, name)
    assert(not again and refused(why), step.kind .. " happened twice")
  end
end

--- Does all steps, on actors of their own.  Returns what went wrong, or nil.
function M.run(steps)
  local prefix, model, known = id.new(), model_of.new(), what_is_wrong()
  local function name(of)
    return prefix .. (type(of) == "table" and "s" .. of.n or type(of) == "number" and "a" .. of or of)
  end
  db.tx(function(tx)
    for a = 1, model_of.ACTORS do credits.open(tx, name(a)) end
    for t = 1, model_of.OBJECTS do escrow.open(tx, name("t" .. t)) end
  end)
  local at = 0
  local ok, err = pcall(function()
    for i, step in ipairs(steps) do
      at = i
      run_step(model, step, name)
      compare(model, name)
      if i % 20 == 0 or i == #steps then M.check_audit(known) end
    end
  end)
  if not ok then return ("step %d: %s"):format(at, tostring(err)) end
  return nil
end

--- The shortest list that still fails, by leaving out smaller and smaller parts.
function M.shrink(steps)
  local size, tries = math.floor(#steps / 2), 0
  while size >= 1 and tries < 200 do
    local from = 1
    while from <= #steps and tries < 200 do
      local fewer = {}
      for i, step in ipairs(steps) do
        if i < from or i >= from + size then fewer[#fewer + 1] = step end
      end
      tries = tries + 1
      if #fewer > 0 and M.run(fewer) then steps = fewer else from = from + size end
    end
    size = math.floor(size / 2)
  end
  return steps
end

return M
