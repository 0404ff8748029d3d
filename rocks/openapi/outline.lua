-- rocks/openapi/outline.lua -- an OpenAPI document as people read it: operations by tag, each with what it takes, what
-- it answers, how it may refuse, and a line for curl.  html.lua and markdown.lua write it down.

local example = require "openapi.example"
local fields = require "openapi.fields"

local M = {}

local METHODS = { "get", "post", "put", "patch", "delete" }
local JSON = "application/json"

M.SERVER = "https://human.example"               -- stands for the server's address until it is known

-- ---- JSON, indented ------------------------------------------------------------------------------

local NARROW = 72

local function scalar(value, tools)
  if value == tools.null then return "null" end
  return tools.encode(value)
end

local function names_of(value, tools)
  local names = tools.order_of(value)
  if names then return names end
  names = {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local pretty

local function parts_of(value, tools, indent)
  local parts = {}
  if tools.is_array(value) then
    for i, item in ipairs(value) do parts[i] = pretty(item, tools, indent) end
    return parts, "[", "]"
  end
  for i, name in ipairs(names_of(value, tools)) do
    parts[i] = tools.encode(name) .. ": " .. pretty(value[name], tools, indent)
  end
  return parts, "{", "}"
end

function pretty(value, tools, indent)
  if type(value) ~= "table" or value == tools.null then return scalar(value, tools) end
  local parts, open, close = parts_of(value, tools, indent .. "  ")
  if #parts == 0 then return open .. close end
  local line = open .. " " .. table.concat(parts, ", ") .. " " .. close
  if open == "[" then line = "[" .. table.concat(parts, ", ") .. "]" end
  if #line + #indent <= NARROW and not line:find "\n" then return line end
  return open .. "\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. "\n" .. indent .. close
end

--- A value as JSON that people read.
function M.pretty(value, tools) return pretty(value, tools, "") end

-- ---- operations ----------------------------------------------------------------------------------

local function example_of(media, tools)
  local first = media.examples and media.examples["1"]
  if first then return first.value end
  return example.complete(nil, media.schema or {}, tools)
end

local function all_examples(media, tools)
  local out = {}
  for i = 1, 99 do
    local one = media.examples and media.examples[tostring(i)]
    if not one then break end
    out[i] = M.pretty(one.value, tools)
  end
  if #out == 0 then out[1] = M.pretty(example.complete(nil, media.schema or {}, tools), tools) end
  return out
end

local function media_of(content)
  if not content then return nil end
  if content[JSON] then return content[JSON], JSON end
  local mimes = {}
  for mime in pairs(content) do mimes[#mimes + 1] = mime end
  table.sort(mimes)
  return content[mimes[1]], mimes[1]
end

local function parameters(op, place, tools)
  local rows = {}
  for _, p in ipairs(op.parameters or {}) do
    if p["in"] == place and p.name ~= "Idempotency-Key" then
      rows[#rows + 1] = { name = p.name, type = fields.type(p.schema, tools), required = p.required or false, depth = 0,
                          limits = fields.limits(p.schema, tools), description = p.description, schema = p.schema }
    end
  end
  return rows
end

local function text_of(schema, tools)
  local value = example.complete(nil, schema, tools)
  return type(value) == "string" and value or tools.encode(value)
end

local function shell(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- The address of an example: ids of the path, and what the query requires.
local function target(item, tools)
  local path, query = item.path, {}
  for _, p in ipairs(item.path_fields) do
    path = path:gsub("{" .. p.name:gsub("%p", "%%%0") .. "}", function() return "ID" end)
  end
  for _, p in ipairs(item.query) do
    if p.required then query[#query + 1] = p.name .. "=" .. text_of(p.schema, tools):gsub("[^%w%-_%.]", "-") end
  end
  return path .. (#query > 0 and "?" .. table.concat(query, "&") or "")
end

local HEADER = { apiKey = function(s) return s["in"] == "header" and s.name .. ": $KEY" end,
                 http = function() return "Authorization: Bearer $KEY" end }

local function curl(item, doc, tools)
  local words = { "curl" }
  if item.method ~= "GET" and not (item.method == "POST" and item.mime) then
    words[#words + 1] = "-X " .. item.method
  end
  words[#words + 1] = shell(M.SERVER .. target(item, tools))
  local scheme = item.keys[1] and doc.components.securitySchemes[item.keys[1]]
  local header = scheme and HEADER[scheme.type] and HEADER[scheme.type](scheme)
  if header then words[#words + 1] = ('\\\n  -H "%s"'):format(header) end
  if item.mime == JSON then
    words[#words + 1] = "\\\n  -H 'Content-Type: application/json' \\\n  -d " .. shell(item.examples[1])
  elseif item.mime == "multipart/form-data" then
    for _, row in ipairs(item.body) do
      if row.depth == 0 and row.required then
        words[#words + 1] = "\\\n  -F " .. shell(row.name .. "=" .. (row.is_file and "@report.pdf" or "ID"))
      end
    end
  end
  return table.concat(words, " ")
end

local function refusals(op)
  local out = {}
  for status, response in pairs(op.responses) do
    local media = response.content and response.content[JSON]
    if status:find "^[45]" then
      for code, one in pairs(media and media.examples or {}) do
        out[#out + 1] = { status = status, code = code, message = one.summary }
      end
    end
  end
  table.sort(out, function(a, b)
    if a.status ~= b.status then return a.status < b.status end
    return a.code < b.code
  end)
  return out
end

local function answers(op, tools)
  local out = {}
  for status, response in pairs(op.responses) do
    if status:find "^[23]" then
      local media, mime = media_of(response.content)
      out[#out + 1] = { status = status, mime = mime, description = response.description,
                        rows = media and fields.rows(media.schema or {}, tools) or {},
                        example = media and mime == JSON and M.pretty(example_of(media, tools), tools) or nil }
    end
  end
  table.sort(out, function(a, b) return a.status < b.status end)
  return out
end

local function keys_of(op)
  local names, optional = {}, false
  for _, scheme in ipairs(op.security or {}) do
    local name = next(scheme)
    if name then names[#names + 1] = name else optional = true end
  end
  return names, optional
end

local function item_of(doc, path, method, op, tools)
  local media, mime = media_of(op.requestBody and op.requestBody.content)
  local item = { id = op.operationId, method = method:upper(), path = path, summary = op.summary,
                 description = op.description, deprecated = op.deprecated, mime = mime,
                 path_fields = parameters(op, "path", tools), query = parameters(op, "query", tools),
                 headers = parameters(op, "header", tools), errors = refusals(op), answers = answers(op, tools) }
  for _, p in ipairs(op.parameters or {}) do item.is_repeatable = item.is_repeatable or p.name == "Idempotency-Key" end
  item.keys, item.is_key_optional = keys_of(op)
  item.body = media and fields.rows(media.schema or {}, tools) or {}
  for _, row in ipairs(item.body) do
    local shown = media.schema.properties and media.schema.properties[row.name]
    row.is_file = row.depth == 0 and shown and shown.contentMediaType ~= nil
  end
  item.examples = media and mime == JSON and all_examples(media, tools) or {}
  item.curl = curl(item, doc, tools)
  return item
end

--- {title, summary, version, keys = {{name, text}, ..}, tags = {{name, operations = {..}}, ..}} of a document (a table,
--- whose objects tools.order_of may order).  tools: those of example.lua and fields.lua; and breathe(), if
--- given, is called after each operation.
function M.read(doc, tools)
  local tags, out = {}, { title = doc.info.title, summary = doc.info.summary, version = doc.info.version,
                          tags = {}, keys = {} }
  local paths = {}
  for path in pairs(doc.paths) do paths[#paths + 1] = path end
  table.sort(paths)
  for _, path in ipairs(paths) do
    for _, method in ipairs(METHODS) do
      local op = doc.paths[path][method]
      if op then
        local name = op.tags and op.tags[1] or "Others"
        if not tags[name] then
          tags[name] = { name = name, operations = {} }
          out.tags[#out.tags + 1] = tags[name]
        end
        table.insert(tags[name].operations, item_of(doc, path, method, op, tools))
        if tools.breathe then tools.breathe() end
      end
    end
  end
  table.sort(out.tags, function(a, b) return a.name < b.name end)
  for name, scheme in pairs(doc.components.securitySchemes or {}) do
    out.keys[#out.keys + 1] = { name = name, text = scheme.description, header = scheme.name or "Authorization" }
  end
  table.sort(out.keys, function(a, b) return a.name < b.name end)
  return out
end

return M
