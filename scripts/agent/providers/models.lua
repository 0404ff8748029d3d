-- scripts/agent/providers/models.lua -- facts about model families.  Edit freely: a reload applies it.
-- A model's context (in tokens), whether it thinks before it writes, and whether it sees images.  For models that are
-- not listed, this is learned from servers' refusals; llm.context_tokens sets the context for all.

local M = {}

-- Prefix of the name, after any "organisation/": context, thinks, sees.  The first match counts.
local FAMILIES = {
  { "gpt-5", 400000, true, true }, { "gpt-oss", 131072, true, false },
  { "gpt-4.1", 1047576, false, true }, { "gpt-4o", 128000, false, true }, { "chatgpt-4o", 128000, false, true },
  { "gpt-4-turbo", 128000, false, true }, { "gpt-4-32k", 32768, false, false }, { "gpt-4", 8192, false, false },
  { "gpt-3.5", 16385, false, false },
  { "o1-mini", 128000, true, false }, { "o3-mini", 200000, true, false },
  { "o1", 200000, true, true }, { "o3", 200000, true, true }, { "o4", 200000, true, true },
  { "claude", 200000, false, true },
  { "gemini-3", 1048576, true, true }, { "gemini-2.5", 1048576, true, true }, { "gemini", 1048576, false, true },
  { "gemma3n", 32768, false, false }, { "gemma-3n", 32768, false, false },
  { "gemma3:1b", 32768, false, false }, { "gemma-3-1b", 32768, false, false }, { "gemma3:270m", 32768, false, false },
  { "gemma3", 131072, false, true }, { "gemma-3", 131072, false, true }, { "gemma", 8192, false, false },
  { "deepseek-reasoner", 131072, true, false }, { "deepseek-r1", 131072, true, false },
  { "deepseek", 131072, false, false },
  { "magistral", 131072, true, false }, { "pixtral", 131072, false, true }, { "codestral", 262144, false, false },
  { "mistral-small", 131072, false, true }, { "mistral-medium", 131072, false, true },
  { "mistral-large", 131072, false, nil }, { "ministral", 131072, false, nil },
  { "open-mistral", 131072, false, false },
  { "mixtral", 32768, false, false }, { "mistral", 32768, false, false },
  { "llama-4", 131072, false, true }, { "llama4", 131072, false, true }, { "llama3.2-vision", 131072, false, true },
  { "llama-3.2-11b", 131072, false, true }, { "llama-3.2-90b", 131072, false, true },
  { "llama-3.1", 131072, false, false }, { "llama-3.2", 131072, false, false }, { "llama-3.3", 131072, false, false },
  { "llama3.1", 131072, false, false }, { "llama3.2", 131072, false, false }, { "llama3.3", 131072, false, false },
  { "llama3", 8192, false, false }, { "llama-3", 8192, false, false }, { "llama2", 4096, false, false },
  { "qwq", 131072, true, false }, { "qwen3-vl", 131072, true, true }, { "qwen2.5vl", 131072, false, true },
  { "qwen2.5-vl", 131072, false, true }, { "qwen3-coder", 262144, false, false }, { "qwen3", 32768, true, false },
  { "qwen", 32768, false, false },
  { "phi4-reasoning", 32768, true, false }, { "phi", 16384, false, false },
  { "llava", 32768, false, true }, { "moondream", 2048, false, true }, { "minicpm-v", 32768, false, true },
  { "granite3.2-vision", 16384, false, true }, { "granite", 131072, false, false },
  { "smollm", 8192, false, false }, { "tinyllama", 2048, false, false },
}

-- Servers that answer just "bad request" to an image for a model without vision, or drop it silently: there only models
-- that the table lists as seeing get images.
local BLIND_UNLESS_KNOWN = { ollama = true, groq = true, deepseek = true }

local function family_of(model)
  local name = (model:match "^.*/(.*)$" or model):lower()
  for _, family in ipairs(FAMILIES) do
    if name:sub(1, #family[1]) == family[1] then return family end
  end
end

-- {window, thinks, sees} of a model at a provider; a field is nil when unknown.
function M.facts(provider, model)
  local family = family_of(model) or {}
  local sees = family[4]
  if sees == nil and BLIND_UNLESS_KNOWN[provider] then sees = false end
  return { window = family[2], thinks = family[3], sees = sees }
end

return M
