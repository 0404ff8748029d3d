-- host/lua/pg/options.lua -- checks the options of a transaction of human.db.

local blame = require "human.core.blame"

local M = {}

local ISOLATION = { ["read committed"] = true, ["repeatable read"] = true, serializable = true }

local KNOWN = { isolation = true, read_only = true, durable = true, ungated = true, direct = true }

-- The options of a transaction, checked: {isolation, read_only, is_hasty, begin}.
function M.read(options)
  local out = { isolation = options.isolation, read_only = options.read_only, direct = options.direct, begin = "BEGIN",
                is_hasty = options.durable == false }
  for name in pairs(options) do
    if not KNOWN[name] then
      blame.refuse(("tx: there is no option '%s'"):format(tostring(name)))
    end
  end
  if out.isolation ~= nil then
    if not ISOLATION[out.isolation] then
      blame.refuse 'tx: isolation must be "read committed", "repeatable read" or "serializable"'
    end
    out.begin = out.begin .. " ISOLATION LEVEL " .. out.isolation
  end
  if out.read_only ~= nil and type(out.read_only) ~= "boolean" then
    blame.refuse "tx: read_only must be true or false"
  end
  if options.durable ~= nil and type(options.durable) ~= "boolean" then
    blame.refuse "tx: durable must be true or false"
  end
  if out.read_only then out.begin = out.begin .. " READ ONLY" end
  return out
end

-- A savepoint cannot have a different isolation level than its transaction.
function M.check_nested(tx, options)
  local asked, has = M.read(options), tx.options
  if asked.isolation ~= nil and asked.isolation ~= has.isolation
    or asked.read_only ~= nil and asked.read_only ~= (has.read_only or false) then
    blame.refuse "tx: a transaction inside a transaction has the options of the outer one"
  end
end

return M
