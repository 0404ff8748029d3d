-- scripts/agent/providers/init.lua -- the known model providers, and which one is used.
-- To add a server of another kind, write a file like openai.lua beside this one and list it here.

local jobs = require "human.jobs"
local llm = require "human.llm"
local log = require "human.log"
local notice = require "human.console"
local presets = require "agent.providers.presets"

local M = {}

M.registry = {
  -- llm.provider = "auto" takes the first of these that is configured, else the offline provider.
  order = { "openai", "anthropic", "gemini", "openrouter", "groq", "mistral", "deepseek", "ollama" },
  providers = {
    openai    = require "agent.providers.openai",
    anthropic = require "agent.providers.anthropic",
    gemini    = require "agent.providers.gemini",
    ollama    = require "agent.providers.ollama",
    openrouter = presets.openrouter, groq = presets.groq, mistral = presets.mistral, deepseek = presets.deepseek,
    vllm = presets.vllm, llamacpp = presets.llamacpp, lmstudio = presets.lmstudio, azure = presets.azure,
    offline   = require "agent.providers.offline",
  },
  -- The models to use if neither the caller nor llm.model names one.
  models = {
    openai    = "gpt-4.1-mini",
    anthropic = "claude-haiku-4-5",
    gemini    = "gemini-2.5-flash",
    ollama    = "llama3.2",
    openrouter = "openai/gpt-4.1-mini", groq = "llama-3.3-70b-versatile", mistral = "mistral-small-latest",
    deepseek = "deepseek-chat", azure = "gpt-4.1-mini", vllm = "default", llamacpp = "default", lmstudio = "default",
    offline   = "offline",
  },
  prices = require "agent.providers.prices",
  facts = require("agent.providers.models").facts,
}

llm.register(M.registry)

--- Logs which provider will answer.
function M.announce()
  local now = llm.status()
  if now.problem then return log.warn("language model: " .. now.problem) end
  if now.language_model then
    return log.info("language model", { provider = now.provider, model = now.model })
  end
  if now.chosen then return log.info("built-in rules answer, as chosen", { provider = now.provider }) end
  log.info "no language model is configured: the offline provider answers by rules"
  notice.show { "No language model is configured; `human model install small` gets a small one." }
end

jobs.start "agent.providers.init.announce"

return M
