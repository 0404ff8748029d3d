-- rocks/openapi/markdown.lua -- an OpenAPI document as Markdown, for people and models that read plain text.

local outline = require "openapi.outline"

local M = {}

local function field(row)
  local pad = ("  "):rep(row.depth)
  if row.label then return ("%s- *%s:*"):format(pad, row.label) end
  local words = { row.type }
  if row.required then words[#words + 1] = "required" end
  for _, text in ipairs(row.limits) do words[#words + 1] = text end
  local about = row.description and ". " .. row.description or ""
  return ("%s- `%s` (%s)%s"):format(pad, row.name, table.concat(words, "; "), about)
end

local function list(out, title, rows)
  if #rows == 0 then return end
  out[#out + 1] = title
  out[#out + 1] = ""
  for _, row in ipairs(rows) do out[#out + 1] = field(row) end
  out[#out + 1] = ""
end

local function key(item)
  if #item.keys == 0 then return "No key." end
  return ("Key: %s%s."):format(table.concat(item.keys, " or "), item.is_key_optional and ", or none" or "")
end

local function refusals(item)
  local parts = {}
  for i, e in ipairs(item.errors) do parts[i] = ("%s `%s`"):format(e.status, e.code) end
  return table.concat(parts, ", ")
end

local function operation(out, item)
  local function add(text)
    out[#out + 1] = text
    out[#out + 1] = ""
  end
  add(("### %s %s"):format(item.method, item.path))
  add(("%s.%s%s `%s`. %s%s"):format(item.summary, item.description and " " or "", item.description or "", item.id,
    key(item), item.is_repeatable and " Takes an Idempotency-Key." or ""))
  list(out, "Path:", item.path_fields)
  list(out, "Query:", item.query)
  list(out, "Headers:", item.headers)
  list(out, item.mime and item.mime ~= "application/json" and "Body, " .. item.mime .. ":" or "Body:", item.body)
  for _, text in ipairs(item.examples) do add("```json\n" .. text .. "\n```") end
  for _, answer in ipairs(item.answers) do
    if answer.example then add(("Answers %s:\n\n```json\n%s\n```"):format(answer.status, answer.example)) end
  end
  if #item.errors > 0 then add("Refuses with " .. refusals(item) .. ".") end
end

--- The text of a document; tools: as for outline.read.
function M.render(doc, tools)
  local view, out = outline.read(doc, tools), {}
  out[1] = ("# %s\n\n%s\n\nVersion %s, from the OpenAPI document.\n"):format(view.title, view.summary, view.version)
  if #view.keys > 0 then out[#out + 1] = "## Keys\n" end
  for _, one in ipairs(view.keys) do
    out[#out + 1] = ("- `%s` (`%s`): %s"):format(one.name, one.header, one.text or "")
  end
  out[#out + 1] = ""
  for _, tag in ipairs(view.tags) do
    out[#out + 1] = "## " .. tag.name .. "\n"
    for _, item in ipairs(tag.operations) do operation(out, item) end
  end
  while out[#out] == "" do out[#out] = nil end
  return table.concat(out, "\n") .. "\n"
end

return M
