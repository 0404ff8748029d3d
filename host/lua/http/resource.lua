-- host/lua/http/resource.lua -- g:resource(name, options): list, create, read, update, delete of a plain
-- collection, as ordinary routes.  Nothing else is generated.
--
-- options: view (schema of one object), service, and for each of list, create, get, update, delete the keys of its
-- route that are not as usual: summary, errors, limit, auth, query, body, ..; false leaves the route out.  create and
-- update may be just the schema of the body.  auth, limit and errors beside them are for all five.  singular: for the
-- summaries.  service is a module with
--   list(actor, {limit =, after =}) -> array [, total number [, id to continue after]]
--   get(actor, id), create(actor, body), update(actor, id, body) -> object
--   delete(actor, id)
-- each of which throws a Fail when there is no result.  page(listed, path, query) -> array, headers converts the
-- result of list, if that differs.

local schema = require "human.schema"

local M = {}
local LIMIT, LIMIT_MAX = 50, 200
local ACTIONS = { "list", "create", "get", "update", "delete" }
local SHARED = { "auth", "limit", "errors" }

-- Headers of one page: RFC 8288 for Link; X-Total-Count is common practice.
local function page_headers(path, query, total, next_after)
  local headers = {}
  if total then headers["x-total-count"] = ("%d"):format(total) end
  if next_after then
    headers.link = ('<%s?limit=%d&after=%s>; rel="next"'):format(path, query.limit, next_after)
  end
  return headers
end

-- The default spec and the handler of each route.
local ROUTE = {
  list = function(o)
    return "GET", "", { summary = "List " .. o.plural, query = {
      limit = schema.int { min = 1, max = LIMIT_MAX }:default(LIMIT),
      after = schema.string { min = 1, max = 64 }:optional(),
    }, reply = { [200] = schema.array(o.view) } }, function(ctx)
      local rows, total, next_after = o.service.list(ctx.actor, ctx.query)
      local path = ctx:path(ctx.route.path)
      if o.page then return 200, o.page(rows, path, ctx.query) end
      return 200, rows, page_headers(path, ctx.query, total, next_after)
    end
  end,
  create = function(o)
    return "POST", "", { summary = "Create " .. o.one, reply = { [201] = o.view } },
      function(ctx, body) return 201, o.service.create(ctx.actor, body) end
  end,
  get = function(o)
    return "GET", "/{id}", { summary = "Get " .. o.one, reply = { [200] = o.view } },
      function(ctx) return 200, o.service.get(ctx.actor, ctx.params.id) end
  end,
  update = function(o)
    return "PUT", "/{id}", { summary = "Update " .. o.one, reply = { [200] = o.view } },
      function(ctx, body) return 200, o.service.update(ctx.actor, ctx.params.id, body) end
  end,
  delete = function(o)
    return "DELETE", "/{id}", { summary = "Delete " .. o.one, reply = { [204] = false } }, function(ctx)
      o.service.delete(ctx.actor, ctx.params.id)
      return 204
    end
  end,
}

-- The options for one route.
local function own(options, action)
  local value = options[action]
  if schema.is(value) then return { body = value } end
  return value or {}
end

local function need(options, action, where)
  if type(options.view) ~= "table" or type(options.service) ~= "table" then
    error(where .. ": resource needs view and service", 0)
  end
  if type(options.service[action]) ~= "function" then
    error(where .. ": the service of the resource has no function " .. action, 0)
  end
  if (action == "create" or action == "update") and not own(options, action).body then
    error(where .. ": resource needs the schema of a body for " .. action, 0)
  end
end

--- Declares the routes through add(method, path, spec, fn).
function M.declare(name, options, where, add)
  local plural = name:gsub("%-", " ")
  local singular = options.singular or plural:gsub("ies$", "y"):gsub("s$", "")
  local one = (singular:find "^[aeiou]" and "an " or "a ") .. singular
  local o = setmetatable({ plural = plural, one = one }, { __index = options })
  for _, action in ipairs(ACTIONS) do
    if options[action] ~= false then
      need(options, action, where)
      local method, tail, spec, fn = ROUTE[action](o)
      for _, key in ipairs(SHARED) do spec[key] = options[key] end
      for key, value in pairs(own(options, action)) do spec[key] = value end
      add(method, "/" .. name .. tail, spec, fn)
    end
  end
end

return M
