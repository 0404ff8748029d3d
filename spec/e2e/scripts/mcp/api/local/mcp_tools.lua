-- spec/e2e/scripts/mcp/api/local/mcp_tools.lua -- the tools that the official conformance tests of MCP ask for, as an operator's own.

local db = require "human.db"
local feed = require "human.feed"
local json = require "human.json"
local mcp = require "mcp"
local task = require "human.task"
local own = require "marketplace.mcp_own"

local PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
local IMAGE = { type = "image", data = PIXEL, mimeType = "image/png" }
local RESOURCE = { type = "resource", resource = { uri = "test://embedded", mimeType = "text/plain", text = "embedded" } }

local function tool(name, call, schema)
  own.tool { name = name, description = "For tests", input_schema = schema, call = call }
end

local function answers(name, ...)
  local content = json.array { ... }
  tool(name, function() return { content = content } end)
end

answers("test_simple_text", { type = "text", text = "This is a simple text response for testing." })
answers("test_image_content", IMAGE)
answers("test_audio_content", { type = "audio", data = "UklGRg==", mimeType = "audio/wav" })
answers("test_embedded_resource", RESOURCE)
answers("test_multiple_content_types", { type = "text", text = "Multiple content types test:" }, IMAGE, RESOURCE)
answers("test_logging_tool", { type = "text", text = "nothing is logged unless somebody asks" })
answers("test_streaming_elicitation", { type = "text", text = "nobody is asked" })

tool("test_error_handling", function() return mcp.failure "This tool intentionally returns an error for testing" end)

tool("test_missing_capability", function(_, request)
  if not request.capabilities.sampling then return nil, mcp.missing_capability { sampling = {} } end
  return mcp.text "sampled"
end)

tool("test_tool_with_progress", function(_, request)
  for _, n in ipairs { 0, 50, 100 } do
    request.progress(n, 100, "at " .. n)
    task.sleep(0.05)
  end
  return mcp.text "done"
end)

-- What has changed is a subscription of the caller's, which nothing but its time shows.
tool("test_trigger_tool_change", function(_, request)
  local changed = db.exec("update market_subscriptions set created_at = clock_timestamp() where subscriber_id = $1::uuid", request.actor.id)
  feed.tell("market.mcp_tools", request.actor.id)
  return mcp.text(changed .. " changed")
end)

tool("json_schema_2020_12_tool", function() return mcp.text "ok" end, {
  ["$schema"] = "https://json-schema.org/draft/2020-12/schema", type = "object", additionalProperties = false,
  ["$defs"] = { address = { ["$anchor"] = "addressDef", type = "object",
    properties = { street = { type = "string" }, city = { type = "string" } } } },
  properties = { name = { type = "string" }, address = { ["$ref"] = "#/$defs/address" },
    contactMethod = { type = "string", enum = json.array { "phone", "email" } }, phone = { type = "string" },
    email = { type = "string" } },
  allOf = json.array { { anyOf = json.array { { required = json.array { "phone" } }, { required = json.array { "email" } } } } },
  ["if"] = { properties = { contactMethod = { const = "phone" } }, required = json.array { "contactMethod" } },
  ["then"] = { required = json.array { "phone" } }, ["else"] = { required = json.array { "email" } },
})

tool("test_header_tool", function(arguments) return mcp.text(tostring(arguments.region)) end, {
  type = "object", properties = { region = { type = "string", ["x-mcp-header"] = "Region" },
                                  count = { type = "integer", ["x-mcp-header"] = "Count" } },
})

return {}
