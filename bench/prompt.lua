-- bench/prompt.lua -- how much of a prompt is how the one before began, in a chat with an answer to every other line.
-- What a server has read already costs a tenth, and no time.  Usage, from the root of the tree: luajit bench/prompt.lua

dofile "spec/support/paths.lua"
local cached_chat = require "cached_chat"
local prompt = require "agent.prompt"

print "lines  share of a prompt that the one before has   share of one that begins the next"
for _, lines in ipairs { 6, 20, 60, 200 } do
  local shares = cached_chat.shares(prompt, lines)
  print(("%5d  %38.1f %%   %33.1f %%"):format(lines, 100 * cached_chat.mean(shares, "of_next"),
    100 * cached_chat.mean(shares, "of_this")))
end
