-- scripts/agent/providers/presets.lua -- servers that speak OpenAI's dialect, and how each one differs.
-- A name in llm.provider selects the address, the key's variable and the peculiarities of a service; a key is sent
-- to its own service only.  docs/models.md has the table for people.

local openai = require "agent.providers.openai"

local M = {}

local function service(name, host, path, key_name, more)
  local preset = { name = name, default_url = "https://" .. host .. path, secret = name, key_name = key_name }
  for key, value in pairs(more or {}) do preset[key] = value end
  return openai.new(preset)
end

local function own_machine(name, port, more)
  local preset = { name = name, default_url = "http://127.0.0.1:" .. port .. "/v1", keyless = true, slashes = true }
  preset.complete = function(url) return url:find "^https?://[^/?]+$" and url .. "/v1" or url end
  for key, value in pairs(more or {}) do preset[key] = value end
  return openai.new(preset)
end

M.openrouter = service("openrouter", "openrouter.ai", "/api/v1", "OPENROUTER_API_KEY",
  { slashes = true, effort_object = true })
M.groq = service("groq", "api.groq.com", "/openai/v1", "GROQ_API_KEY",
  { slashes = true, newer_limit = true, efforts = { none = "low", minimal = "low", xhigh = "high" } })
M.mistral = service("mistral", "api.mistral.ai", "/v1", "MISTRAL_API_KEY",
  { no_stream_options = true, efforts = { minimal = "none", low = "none", medium = "high", xhigh = "high" } })
M.deepseek = service("deepseek", "api.deepseek.com", "/v1", "DEEPSEEK_API_KEY",
  { efforts = { none = "low", minimal = "low", xhigh = "high" } })

M.vllm = own_machine("vllm", 8000)
M.llamacpp = own_machine("llamacpp", 8080, { window = 8192 })
M.lmstudio = own_machine("lmstudio", 1234, { window = 8192 })

-- Each customer's resource has its own host name: llm.base_url is https://NAME.openai.azure.com, or a complete
-- address with /deployments/ and api-version, as the portal shows it.
M.azure = openai.new {
  name = "azure", secret = "azure", key_name = "AZURE_OPENAI_API_KEY", key_header = "api-key", newer_limit = true,
  hosts = { "openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com" },
  complete = function(url)
    return url:find "^https?://[^/?]+$" and url .. "/openai/v1" or url
  end,
}

return M
