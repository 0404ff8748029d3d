-- scripts/gateway/config.lua -- the settings of the gateway: `gateway` in the settings file.  Its port, host and
-- allow_public_bind are the host's own, which listens before there are scripts.

local config = require "human.config"
local crypto = require "human.crypto"
local time = require "human.time"
local bind = require "gateway.bind"

config.define("gateway.enabled", { type = "bool", default = true, restart = true,
  text = "false: no control protocol, no webhooks, no UI; the other APIs stay" })
config.define("gateway.require_pairing", { type = "bool", default = false,
  text = "whether a device must be paired before it may use the control protocol" })
config.define("gateway.pair_rate_limit_per_minute", { type = "int", default = 60, min = 1, max = 100000,
  text = "attempts to pair, from one address" })
config.define("gateway.auth_token", { type = "text", secret = true,
  text = "what clients of the control protocol show as Authorization: Bearer" })
config.define("gateway.webhook_hmac_secret", { type = "text", secret = true, env = "HUMAN_WEBHOOK_HMAC_SECRET",
  text = "what webhooks are signed with (X-Signature)" })
config.define("gateway.control_ui_dir", { type = "text",
  text = "a directory to serve as the UI; empty: the built-in one" })
config.define("gateway.cors_origins", { type = "list", text = "whose pages may use the gateway, besides its own" })
config.define("gateway.sign_in_ms", { type = "int", default = 30000, min = 1000, max = 3600000,
  text = "after which a connection that has not signed in is closed" })

config.define("gateway.agent", { type = "text", text = "the agent that answers, by its id; empty: the operator's own" })
config.define("gateway.max_steps", { type = "int", default = 50, min = 1, max = 1000,
  text = "calls of the model for one message; then the run ends" })
config.define("gateway.max_tokens", { type = "int", default = 4096, min = 16, max = 65536,
  text = "that the model may write in one answer" })

config.define("gateway.v1_timeout_ms", { type = "int", default = 600000, min = 1000, max = 86400000,
  text = "for the answer to a request of /v1, approvals included" })

config.define("push.contact", { type = "text",
  text = "how push services reach the operator: mailto:you@example.com, or an https address; some ask for it" })

config.define("update.url", { type = "text", text = "where update.check asks for the newest version; empty: nowhere" })
config.define("update.public_key", { type = "text",
  text = "whose word about versions counts: an Ed25519 key, in base64 or hex" })

config.define("gateway.approvers", { type = "list",
  text = "who may allow tools from a chat, as \"telegram:12345\"; empty: ids in allow_from, and who was paired first" })
config.define("gateway.approvals_chat", { type = "text",
  text = "a chat that is shown what waits for approval, as \"telegram:12345\"; empty: only that of the run" })

config.define("security.autonomy_level", { type = "int", default = 2, min = 0, max = 4,
  text = "0: no tool runs; 1: each asks; 2: all but those that only read ask; 3: those of high risk ask; 4: none" })

config.define("tools.enabled", { type = "list", text = "tools that are off unless they are named here; *: all" })
config.define("tools.disabled", { type = "list", text = "tools that are off; *: all" })
config.define("tools.session_write_bytes", { type = "int", default = 104857600, min = 0, max = 1e15,
  text = "that one conversation may write into the workspace in a day (UTC)" })
config.define("tools.session_write_files", { type = "int", default = 2000, min = 0, max = 1e9,
  text = "files and directories that one conversation may make in the workspace in a day" })
config.define("tools.write_bytes", { type = "int", default = 1073741824, min = 0, max = 1e15,
  text = "that all conversations together may write into the workspace in a day" })
config.define("tools.write_files", { type = "int", default = 20000, min = 0, max = 1e9,
  text = "files and directories that all conversations together may make in the workspace in a day" })

config.define("cron.enabled", { type = "bool", default = true, text = "false: no job begins by the clock" })
config.define("cron.timezone", { type = "text", default = "UTC", min = 1, max = 64,
  text = "of jobs that name none: UTC, Europe/Stockholm" })
config.define("cron.max_concurrent", { type = "int", default = 4, min = 1, max = 100,
  text = "jobs that run at a time; those that wait for an approval do not count" })
config.define("cron.max_run_history", { type = "int", default = 50, min = 1, max = 1000,
  text = "runs of a job that are kept" })

config.define("skills.index_url", { type = "text", max = 2000,
  text = "a JSON array of {name, description, version, author, url, tags} to search for skills; empty: none" })
config.define("skills.github_archives", { type = "text", default = "https://codeload.github.com", max = 1000,
  text = "where archives of the repositories of GitHub come from: /OWNER/REPO/tar.gz/REF below it" })

-- What could only be noticed when a stranger, or nobody, comes in.
local g = config.gateway
for _, origin in ipairs(g.cors_origins) do
  if not origin:find "^https?://[^/%s,*]+$" then
    error(('gateway.cors_origins: "%s" is no origin; one looks like "https://app.example"'):format(origin), 0)
  end
end

local zone = config.cron.timezone
if zone ~= "UTC" and not time.zone_file(zone) then
  error(('cron.timezone: there is no time zone "%s" on this machine; one looks like Europe/Stockholm'):format(zone), 0)
end

if g.enabled and g.allow_public_bind and g.host ~= "" and not bind.is_loopback(g.host) and not g.require_pairing
  and not crypto.secret_hmac_hex("gateway.auth_token", "") then
  error("gateway.allow_public_bind: needs gateway.auth_token, or gateway.require_pairing: true; else nobody but this "
    .. "machine could come in, and anything on it would be the operator", 0)
end

return {}
