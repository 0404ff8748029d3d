-- scripts/agent/providers/config.lua -- which model is asked, and how long it may take: `llm` in the settings file.

local config = require "human.config"

local DAY_MS = 86400000
local PROVIDERS = { "openai", "anthropic", "gemini", "ollama", "openrouter", "groq", "mistral", "deepseek", "azure",
                    "vllm", "llamacpp", "lmstudio", "offline" }

local function provider_or(none, text)
  return { type = "text", default = none, enum = { none, unpack(PROVIDERS) }, text = text }
end

local function time(default, text) return { type = "int", default = default, min = 1, max = DAY_MS, text = text } end

config.define("llm.provider", provider_or("auto", "which service; auto: by the keys"))
config.define("llm.model", { type = "text", text = "empty: the provider's default" })
config.define("llm.base_url", { type = "text", text = "any server that speaks the provider's protocol" })
config.define("llm.fallback_provider", provider_or("", "who is asked when the first cannot answer"))
config.define("llm.fallback_model", { type = "text", text = "empty: the provider's default" })
config.define("llm.timeout_ms", time(120000, "for a whole answer, with all tries and the fallback"))
config.define("llm.first_byte_ms", time(60000, "for a server to begin; then the fallback is asked"))
config.define("llm.idle_ms", time(60000, "between two pieces of an answer"))
config.define("llm.max_retries", { type = "int", default = 3, min = 0, max = 10, text = "of a call" })
config.define("llm.context_tokens", { type = "int", default = 0, min = 0, max = 100000000,
  text = "that the model can take; 0: as known of it, or as it says itself" })
config.define("llm.extra_body", { type = "text",
  text = "a JSON object, whose fields are added to each request to `provider`" })
config.define("llm.proxy", { type = "text", text = "http://proxy:3128, for models only; not taken from HTTPS_PROXY" })
config.define("llm.no_proxy", { type = "text", default = "localhost,127.0.0.0/8,::1",
  text = "what is reached without the proxy" })
config.define("llm.ollama_host", { type = "text", env = "OLLAMA_HOST", text = "where Ollama is" })

return {}
