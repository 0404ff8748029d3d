-- spec/support/mortal.lua -- processes that die before any of their statements, and before any commit.

local db = require "human.db"

local M = {}

local DIED, DEATHS_MAX = "the process died here", 200
local STATEMENTS = { query = true, row = true, value = true, exec = true, must = true, ask = true }

--- Runs fn while the process dies before its statement (or commit) number `last`.  True when it has not; and how many
--- there were until then.
function M.survives(last, fn)
  local real, count = { tx = db.tx, row = db.row, query = db.query, value = db.value, exec = db.exec }, 0
  local function step()
    count = count + 1
    if count == last then error(DIED, 0) end
  end
  local function counted(one)
    return function(...)
      step()
      return one(...)
    end
  end
  local function mortal(tx)
    return setmetatable({}, { __newindex = tx, __index = function(_, name)
      if type(tx[name]) ~= "function" then return tx[name] end
      return function(_, ...)
        if STATEMENTS[name] then step() end
        return tx[name](tx, ...)
      end
    end })
  end
  for name, one in pairs(real) do db[name] = counted(one) end
  db.tx = function(body, options)
    return real.tx(function(tx)
      local function ended(...)
        step()
        return ...
      end
      return ended(body(mortal(tx)))
    end, options)
  end
  local ok, err = pcall(fn)
  for name, one in pairs(real) do db[name] = one end
  if not ok and err ~= DIED then error(err, 0) end
  return ok, count
end

--- Whether an error says that the process died.
function M.is_death(err) return err == DIED end

--- Does something again and again, each time dying one statement later, until it has not died; check() after each.
--- Returns how often it died.
function M.at_last(fn, check)
  for last = 1, DEATHS_MAX do
    local done = M.survives(last, fn)
    check()
    if done then return last - 1 end
  end
  error "it dies for ever"
end

return M
