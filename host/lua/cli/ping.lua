-- host/lua/cli/ping.lua -- `human ping`: does the server of this home answer, and in what state?  Exit status 0
-- if it answers, 1 if it does not, or if another server does.  --url asks any other server.

local cli = require "human.cli.words"
local fetch = require "human.fetch"
local json = require "human.json"
local own_server = require "human.cli.own_server"

local M = {}
local ANSWER_S = 5

local function say(url, status, health, o)
  if o.json then
    io.stdout:write(json.encode_sorted({ url = url, code = status, health = health }, { "url" }), "\n")
    return 0
  end
  local problems = type(health.problems) == "table" and table.concat(health.problems, "; ") or ""
  io.stdout:write(("%s/health answers %d: %s%s\n"):format(url, status, tostring(health.status),
    problems ~= "" and ", " .. problems or ""))
  return 0
end

local function ping_url(url, o)
  if not url:find "^https?://[^/]" then cli.misused("ping", "--url must be like https://example.org") end
  url = url:match "^.*[^/]"
  local answer, err = fetch { url = url .. "/health", timeout_s = ANSWER_S }
  if not answer then cli.stop("no answer: " .. err.message) end
  local health = json.decode(answer.body)
  if answer.status ~= 200 or type(health) ~= "table" then
    cli.stop(("%s/health answers %d, but not as this program does"):format(url, answer.status))
  end
  return say(url, answer.status, health, o)
end

function M.run(args)
  local words, o = cli.parse("ping", args, { ["--url"] = "URL", ["--json"] = true })
  cli.count("ping", words, {}, 0, 0)
  if o.url then return ping_url(o.url, o) end
  local server, health = own_server.find()
  if not server then cli.stop(health) end
  local withheld
  health, withheld = own_server.inside(server, health)
  if withheld then io.stderr:write("note: the server does not say how it is inside: ", withheld, "\n") end
  return say(server.url, 200, health, o)
end

return M
