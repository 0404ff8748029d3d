-- scripts/gateway/rules/skills.lua -- skills: how much one may be, whether it may be installed and enabled, and which
-- tools it leaves to the agent.  Pure: facts in, verdict out.
-- To turn: any number; which warnings are too much; what tools are called in skills that were written for other agents.
--% version: 1

local M = {
  skills = 200,                    -- that may be installed
  packed_bytes = 8388608,          -- of a download
  files = 200,                     -- of one skill
  file_bytes = 1048576,            -- of each
  bytes = 4194304,                 -- of all of them
  name_bytes = 200,                -- of the path of a file within its skill
  depth = 8,                       -- parts of it
  ratio = 100,                     -- unpacked to packed size, of what unpacks to more than 1 MB
  archive_entries = 20000,         -- of a repository that contains the skill
  archive_bytes = 67108864,        -- of it, unpacked
  description_chars = 4096,
  redirects = 5,                   -- of one download
  wait_ms = 8000,                  -- for a download; clients of the protocol wait ten seconds for an answer
  longest_wait_ms = 120000,        -- for one that asks to be waited for longer
  warnings = 100,                  -- that one skill is told of

  prompt_skills = 50,              -- in the agent's prompt
  prompt_chars = 300,              -- of the description of each
  found = 100,                     -- that one search shows
}

local whole = "integer 1..1000000000"
M.returns = {
  install = { action = { "install", "refuse" }, reason = "string" },
  enable = { action = { "enable", "refuse" }, reason = "string" },
  allows = "boolean",
}
for name in ([[skills packed_bytes files file_bytes bytes name_bytes depth ratio archive_entries archive_bytes
    description_chars redirects wait_ms longest_wait_ms warnings prompt_skills prompt_chars found]]):gmatch "%S+" do
  M.returns[name] = whole
end
M.fallback = { install = { action = "refuse", reason = "rule-failed" },
               enable = { action = "refuse", reason = "rule-failed" }, allows = false }

-- facts: name, hash, source (an address or a path), files, bytes, warnings (codes of gateway.skills.scan, sorted).
-- An installed skill is off: nothing of it is shown to the model.
function M.install(_)
  return { action = "install", reason = "off-until-enabled" }
end

-- facts: the same, and by (who asks).
function M.enable(_)
  return { action = "enable", reason = "operator" }
end

-- What other agents call our tools.
M.tools = {
  bash = "shell", execute = "shell", exec = "shell", read = "file_read", write = "file_write", ls = "file_list",
  glob = "file_list", webfetch = "web_fetch", fetch = "web_fetch",
}

-- The words of "git status:*", "git status *" or "git status", and whether more may follow them.
local function words_of(pattern)
  local words, open = {}, false
  pattern = pattern:gsub(":%*$", " *")
  for word in pattern:gmatch "%S+" do words[#words + 1] = word end
  if words[#words] == "*" then words[#words], open = nil, true end
  return words, open
end

local function fits(pattern, argv)
  local words, open = words_of(pattern)
  if #argv < #words or #argv > #words and not open then return false end
  for i, word in ipairs(words) do
    if argv[i] ~= word then return false end
  end
  return true
end

-- May a tool be called, when a skill says allowed-tools?  call: tool, argv (of a program, else nil); allowed: its list,
-- such as { "file_read", "Bash(git:*)" }.  It takes away and gives nothing: whoever has to be asked is asked all the
-- same.
function M.allows(call, allowed)
  for _, entry in ipairs(allowed) do
    local name, pattern = entry:match "^([%w_]+)%((.*)%)$"
    name = (name or entry):lower()
    if (M.tools[name] or name) == call.tool then
      if not pattern then return true end
      if call.argv and fits(pattern, call.argv) then return true end
    end
  end
  return false
end

local installed = { action = "install", reason = "off-until-enabled" }
local facts = { name = "x", hash = "0", source = "https://example.org/x.zip", files = 1, bytes = 10, warnings = {} }

M.examples = {
  { "install", facts, expect = installed },
  { "enable", facts, expect = { action = "enable", reason = "operator" } },
  { "allows", { tool = "file_read" }, { "file_read" }, expect = true },
  { "allows", { tool = "file_read" }, { "Read", "Bash" }, expect = true },
  { "allows", { tool = "file_write" }, { "Read", "Bash" }, expect = false },
  { "allows", { tool = "file_write" }, {}, expect = false },
  { "allows", { tool = "shell", argv = { "git", "status" } }, { "Bash(git:*)" }, expect = true },
  { "allows", { tool = "shell", argv = { "git", "status", "-s" } }, { "Bash(git status)" }, expect = false },
  { "allows", { tool = "shell", argv = { "git", "status" } }, { "Bash(git status)" }, expect = true },
  { "allows", { tool = "shell", argv = { "gitx" } }, { "Bash(git:*)" }, expect = false },
  { "allows", { tool = "shell", argv = { "rm", "-r", "git" } }, { "Bash(git:*)", "Read" }, expect = false },
  { "allows", { tool = "web_fetch" }, { "WebFetch(domain:example.org)" }, expect = false },
}

return M
