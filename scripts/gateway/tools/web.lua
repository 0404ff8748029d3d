-- scripts/gateway/tools/web.lua -- a page of the public web, as text; never an address of this network (egress.allow).

local fetch = require "human.fetch"
local tools = require "gateway.tools"
local addresses = require "gateway.web_address"

local BYTES_MAX, TIMEOUT_S, URL_MAX = 1000000, 30, 4000

tools.define("web_fetch", {
  description = "Fetches an https address and returns the text of the answer.",
  parameters = { type = "object", required = { "url" }, additionalProperties = false, properties = {
    url = { type = "string", maxLength = URL_MAX, pattern = "^[Hh][Tt][Tt][Pp][Ss]://" },
  } },
  risk = "medium", parallel = true, repeatable = true, timeout_ms = (TIMEOUT_S + 5) * 1000,
}, function(call)
  local address, why = addresses.read(call.arguments.url, URL_MAX)
  if not address then return nil, "This is no address: " .. why .. "." end
  local answer, err = fetch { url = address.url, guard = true, timeout_s = TIMEOUT_S, max_bytes = BYTES_MAX,
                              headers = { accept = "text/*, application/json;q=0.9, */*;q=0.1" } }
  if not answer then return nil, err.message end
  local kind = answer.headers["content-type"] or ""
  if kind ~= "" and not kind:find "^text/" and not kind:find "json" and not kind:find "xml" then
    return nil, "It is no text, but " .. kind:sub(1, 100) .. "."
  end
  return { status = answer.status, content_type = kind, text = answer.body }
end)

return {}
