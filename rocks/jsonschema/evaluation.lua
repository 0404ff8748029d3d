-- rocks/jsonschema/evaluation.lua -- the state of one validation: its position, its errors, its remaining budget.
-- `state` has path, n (the position in the instance), errors (a list, or nil when only yes or no is wanted),
-- max_errors, work and depth (what is left), scope (resources entered, for $dynamicRef).  `seen` records which parts of
-- one object or array were evaluated, for unevaluatedProperties and unevaluatedItems; nil when not needed.

local M = {}

local concat, sort = table.concat, table.sort
local byte, gsub, sub = string.byte, string.gsub, string.sub

--- A new one.
function M.start(limits)
  return { path = {}, n = 0, max_errors = limits.max_errors, work = limits.max_work, depth = limits.max_depth }
end

local function pointer(state)
  local parts = {}
  for i = 1, state.n do
    parts[i] = "/" .. gsub(gsub(tostring(state.path[i]), "~", "~0"), "/", "~1")
  end
  return concat(parts)
end

--- Records an error of a keyword whose schema is at `where`.  Returns false.
function M.fail(state, where, keyword, message)
  local errors = state.errors
  if errors and #errors < state.max_errors then
    errors[#errors + 1] = { path = pointer(state), schema_path = where .. "/" .. keyword, keyword = keyword,
                            message = message }
  end
  return false
end

--- A name for a message, shortened: untrusted names may be long.
function M.quoted(name)
  if #name <= 80 then return "'" .. name .. "'" end
  local n = 80
  while n > 76 and byte(name, n + 1) >= 128 and byte(name, n + 1) < 192 do n = n - 1 end -- within a character
  return "'" .. sub(name, 1, n) .. "…'"
end

--- Evaluates a part of the instance.
function M.child(node, value, state, key)
  local n = state.n + 1
  state.path[n], state.n = key, n
  local ok = node.run(value, state, nil)
  state.n = n - 1
  return ok
end

--- Evaluates without recording errors.
function M.quietly(node, value, state, seen)
  local errors = state.errors
  state.errors = nil
  local ok = node.run(value, state, seen)
  state.errors = errors
  return ok
end

--- Drops the errors after the first n.
function M.forget(state, n)
  local errors = state.errors
  if errors then
    for i = #errors, n + 1, -1 do errors[i] = nil end
  end
end

--- Adds what a branch has evaluated.
function M.merge(seen, more)
  for name in pairs(more.names or {}) do
    seen.names = seen.names or {}
    seen.names[name] = true
  end
  for i in pairs(more.items or {}) do
    seen.items = seen.items or {}
    seen.items[i] = true
  end
  seen.all_names = seen.all_names or more.all_names
  if (more.upto or 0) > (seen.upto or 0) then seen.upto = more.upto end
end

--- Iterates over the names of an object, sorted when errors are recorded so that their order is stable.
function M.names(value, state)
  if not state.errors then return next, value, nil end
  local names, i = {}, 0
  for name in next, value do names[#names + 1] = name end
  sort(names)
  return function()
    i = i + 1
    return names[i], value[names[i]]
  end
end

return M
