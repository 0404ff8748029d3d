-- scripts/agent/providers/prices.lua -- what a million tokens cost.  Edit freely: takes effect on reload.
-- As published by the providers in November 2025, pay-as-you-go, without caching or batch discounts:
-- cost figures are therefore an upper bound.  A model that is not listed is recorded with its tokens and
-- no cost (null), and shown as unpriced; nothing is guessed.

-- model = { micros of USD per 1M input tokens, the same for output }; 1 USD = 1000000 micros.
-- A dated or tagged version ("gpt-4o-2024-08-06", "claude-sonnet-4-5@20250929") costs what its model costs.
local function usd(input, output) return { input * 1000000, output * 1000000 } end

local openai = {
  ["gpt-5"]             = usd(1.25, 10),
  ["gpt-5-mini"]        = usd(0.25, 2),
  ["gpt-5-nano"]        = usd(0.05, 0.40),
  ["gpt-4.1"]           = usd(2, 8),
  ["gpt-4.1-mini"]      = usd(0.40, 1.60),
  ["gpt-4.1-nano"]      = usd(0.10, 0.40),
  ["gpt-4o"]            = usd(2.50, 10),
  ["gpt-4o-mini"]       = usd(0.15, 0.60),
}

return {
  openai = openai,
  azure = openai,                                -- the same models at list price; reservations cost less
  openrouter = { ["openai/gpt-4.1-mini"] = usd(0.40, 1.60) },
  groq = {
    ["llama-3.3-70b-versatile"] = usd(0.59, 0.79),
    ["llama-3.1-8b-instant"]    = usd(0.05, 0.08),
  },
  mistral = {
    ["mistral-small"]     = usd(0.10, 0.30),
    ["mistral-medium"]    = usd(0.40, 2),
    ["mistral-large"]     = usd(2, 6),
  },
  deepseek = {
    ["deepseek-chat"]     = usd(0.28, 0.42),
    ["deepseek-reasoner"] = usd(0.28, 0.42),
  },
  anthropic = {
    ["claude-opus-4-1"]   = usd(15, 75),
    ["claude-sonnet-4-5"] = usd(3, 15),
    ["claude-sonnet-4"]   = usd(3, 15),
    ["claude-haiku-4-5"]  = usd(1, 5),
    ["claude-3-5-haiku"]  = usd(0.80, 4),
  },
  gemini = {
    ["gemini-2.5-pro"]        = usd(1.25, 10),
    ["gemini-2.5-flash"]      = usd(0.30, 2.50),
    ["gemini-2.5-flash-lite"] = usd(0.10, 0.40),
    ["gemini-2.0-flash"]      = usd(0.10, 0.40),
  },
  -- They run on the operator's own machine: "*" is every model of that provider.
  ollama  = { ["*"] = usd(0, 0) }, vllm = { ["*"] = usd(0, 0) }, llamacpp = { ["*"] = usd(0, 0) },
  lmstudio = { ["*"] = usd(0, 0) },
  offline = { ["*"] = usd(0, 0) },
}
