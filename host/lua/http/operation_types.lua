-- host/lua/http/operation_types.lua -- routes that take and give JSON as types of TypeScript: what each takes, and
-- what it answers, by surface and operationId.

local json = require "human.json"
local operations = require "human.operations"
local openapi = require "human.http.openapi"
local schema = require "human.schema"
local typescript = require "human.schema.typescript"

local M = {}

local function comment(text) return "    /** " .. text:gsub("%*/", "* /") .. " */" end

local function as_object(fields) return schema.is(fields) and fields or schema.object(fields) end

-- The names in the path, the query and the body are fields of one object.
local function input_of(route)
  local parts = {}
  local function add(node)
    local text = typescript.type(node, "in")
    if text == "Record<string, never>" then return end
    parts[#parts + 1] = text:find("|", 1, true) and "(" .. text .. ")" or text
  end
  if route.names then
    local fields = {}
    for i, name in ipairs(route.names) do fields[i] = json.quote(name) .. ": string" end
    parts[1] = "{ " .. table.concat(fields, "; ") .. " }"
  end
  if route.spec.query then add(as_object(route.spec.query)) end
  if route.body_one then add(route.body_one.schema.shown_as or route.body_one.schema) end
  return parts[1] and table.concat(parts, " & ") or "Record<string, never>"
end

local function reply_of(route)
  local statuses, seen, out = {}, {}, {}
  for status in pairs(route.spec.reply) do
    if status < 300 then statuses[#statuses + 1] = status end
  end
  table.sort(statuses)
  for _, status in ipairs(statuses) do
    local node = route.spec.reply[status]
    local text = node and typescript.type(node, "out") or "null"
    if not seen[text] then out[#out + 1], seen[text] = text, true end
  end
  return out[1] and table.concat(out, " | ") or "never"
end

local function add_surface(g, name, put)
  local names, routes = {}, {}
  for id, op in pairs(operations.named(name, g)) do names[#names + 1], routes[id] = id, operations.route(op, g) end
  if #names == 0 then return end
  table.sort(names)
  put("  " .. json.quote(name) .. ": {")
  for _, id in ipairs(names) do
    local route = routes[id]
    put(comment(route.spec.summary .. " (" .. route.title .. ")"))
    put(("    %s: { method: %s; input: %s; reply: %s };"):format(json.quote(id), json.quote(route.method),
      input_of(route), reply_of(route)))
  end
  put "  };"
end

--- The operations of a generation's surfaces, as the text of a .d.ts file.
function M.render(g)
  local out = { "// Operations of the APIs, made from the declarations of their routes.",
                "export interface Operations {" }
  local function put(line) out[#out + 1] = line end
  for _, name in ipairs(openapi.surfaces(g)) do add_surface(g, name, put) end
  put "}"
  return table.concat(out, "\n") .. "\n"
end

return M
