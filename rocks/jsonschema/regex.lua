-- rocks/jsonschema/regex.lua -- ECMA-262 regular expressions in time linear in the text, without backtracking.
-- A pattern is compiled to a nondeterministic automaton, which runs as a deterministic one whose states are built
-- lazily and cached in a bounded number.  Lookahead is the reversed automaton run from the end of the text,
-- lookbehind an automaton run from its beginning: each yields one bit per position, which the main automaton then
-- reads.  So a step costs at most the size of the pattern, for any pattern.

local charset = require "jsonschema.charset"
local parser = require "jsonschema.regex_parser"

local M = {}

local byte, concat, sort = string.byte, table.concat, table.sort
local floor = math.floor

local MAX_TEXT = 4096      -- bytes of a pattern
local MAX_SIZE = 8192      -- instructions of a pattern, its counts written out
local MAX_RANGES = 20000   -- ranges of all its classes together
local MAX_LOOKS = 16       -- lookaheads and lookbehinds
local MAX_KEPT = 20000     -- instructions in the states that are kept

-- Instructions: SET x=number of the set, SPLIT x, y, ASSERT x=bit of the context, y=whether it is wanted, MATCH.
local SET, SPLIT, ASSERT, MATCH = 1, 2, 3, 4
-- Bits of the context of a position.
local BEGIN, END, WORD, LOOK = 0, 1, 2, 3

-- Compiling -------------------------------------------------------------------------------------------

local function add(c, program, op, x, y)
  c.size = c.size + 1
  if c.size > MAX_SIZE or c.size > c.room then error("the pattern is too large", 0) end
  local n = program.n + 1
  program.n, program.op[n], program.x[n], program.y[n] = n, op, x, y
  return n
end

local function set_number(c, set)
  local key = concat(set, ",")
  local number = c.numbers[key]
  if not number then
    c.ranges = c.ranges + #set / 2
    if c.ranges > MAX_RANGES then error("the pattern is too large", 0) end
    number = #c.sets + 1
    c.sets[number], c.numbers[key] = set, number
  end
  return number
end

local emit, new_program

-- Every kind appends instructions, the last of which falls through to the next.
local function emit_rep(c, program, node)
  for _ = 1, node.min do
    local before = program.n
    emit(c, program, node.node)
    if program.n == before then break end -- it is empty: once is as good as a thousand times
  end
  if node.max == math.huge then
    local split = add(c, program, SPLIT, program.n + 2)
    emit(c, program, node.node)
    add(c, program, SPLIT, split, split)
    program.y[split] = program.n + 1
    return
  end
  local splits = {}
  for _ = node.min + 1, node.max do
    local split = add(c, program, SPLIT, program.n + 2)
    splits[#splits + 1] = split
    emit(c, program, node.node)
    if program.n == split then break end
  end
  for _, split in ipairs(splits) do program.y[split] = program.n + 1 end
end

local function emit_alt(c, program, node)
  local ends = {}
  for i = 1, #node do
    local split = i < #node and add(c, program, SPLIT, program.n + 2)
    emit(c, program, node[i])
    if split then
      ends[#ends + 1] = add(c, program, SPLIT)
      program.y[split] = program.n + 1
    end
  end
  for _, jump in ipairs(ends) do program.x[jump], program.y[jump] = program.n + 1, program.n + 1 end
end

-- Whether a lookahead holds depends only on the position, so a repeated one is compiled once.
local function emit_look(c, program, node)
  local bit = c.bits[node]
  if not bit then
    local look = new_program(c, node.node, not node.behind) -- those within it come first
    c.looks[#c.looks + 1] = look
    if #c.looks > MAX_LOOKS then error("the pattern has too many lookaheads", 0) end
    bit = LOOK + #c.looks - 1
    c.bits[node] = bit
  end
  add(c, program, ASSERT, bit, not node.negative)
end

function emit(c, program, node)
  local t = node.t
  if t == "set" then add(c, program, SET, set_number(c, node.set))
  elseif t == "cat" then
    local first, last, step = 1, #node, 1
    if program.reverse then first, last, step = last, first, -1 end
    for i = first, last, step do emit(c, program, node[i]) end
  elseif t == "alt" then emit_alt(c, program, node)
  elseif t == "rep" then emit_rep(c, program, node)
  elseif t == "look" then emit_look(c, program, node)
  elseif t == "begin" then add(c, program, ASSERT, BEGIN, true)
  elseif t == "end" then add(c, program, ASSERT, END, true)
  else
    c.words = true
    add(c, program, ASSERT, WORD, t == "word")
  end
end

function new_program(c, node, reverse)
  local program = { n = 0, op = {}, x = {}, y = {}, reverse = reverse }
  emit(c, program, node)
  add(c, program, MATCH)
  return program
end

-- Whether every match begins at the beginning of the text.
local function is_anchored(node)
  if node.t == "begin" then return true end
  if node.t == "cat" then return node[1] ~= nil and is_anchored(node[1]) end
  if node.t ~= "alt" then return false end
  for _, choice in ipairs(node) do
    if not is_anchored(choice) then return false end
  end
  return true
end

-- Classes of code points that no set of the pattern tells apart ---------------------------------------------

local function boundaries(sets)
  local seen, list = { [0] = true }, { 0 }
  local function add_one(cp)
    if not seen[cp] then
      seen[cp] = true
      list[#list + 1] = cp
    end
  end
  for _, set in ipairs(sets) do
    for i = 1, #set, 2 do
      add_one(set[i])
      add_one(set[i + 1] + 1)
    end
  end
  sort(list)
  return list
end

-- starts[i] is where an interval begins and classes[i] which class it is; members[set] = {[class] = true}.
local function classify(sets)
  local starts, classes, count = boundaries(sets), {}, 1
  local index = {}
  for i, cp in ipairs(starts) do classes[i], index[cp] = 1, i end
  for _, set in ipairs(sets) do
    local split = {}
    for k = 1, #set, 2 do
      for i = index[set[k]], (index[set[k + 1] + 1] or #starts + 1) - 1 do
        local class = classes[i]
        if not split[class] then
          count = count + 1
          split[class] = count
        end
        classes[i] = split[class]
      end
    end
  end
  local members = {}
  for number, set in ipairs(sets) do
    local of = {}
    for k = 1, #set, 2 do
      for i = index[set[k]], (index[set[k + 1] + 1] or #starts + 1) - 1 do of[classes[i]] = true end
    end
    members[number] = of
  end
  return starts, classes, members
end

local function class_of(self, cp)
  local starts, low, high = self.starts, 1, #self.starts
  while low < high do
    local middle = floor((low + high + 1) / 2)
    if starts[middle] <= cp then low = middle else high = middle - 1 end
  end
  return self.classes[low]
end

-- The class of the character at byte `at`, and where the next one begins.  A byte that does not begin a UTF-8
-- character counts as one: U+FFFD.
local function symbol(self, text, at)
  local b = byte(text, at)
  if b < 0x80 then return self.ascii[b], at + 1 end
  local n = b >= 0xF0 and b < 0xF5 and 4 or b >= 0xE0 and b < 0xF0 and 3 or b >= 0xC2 and b < 0xE0 and 2
  if not n then return self.unknown, at + 1 end
  local cp = b % 2 ^ (7 - n)
  for i = at + 1, at + n - 1 do
    local more = byte(text, i)
    if not more or more < 0x80 or more > 0xBF then return self.unknown, at + 1 end
    cp = cp * 64 + more % 64
  end
  return class_of(self, cp), at + n
end

-- Running ---------------------------------------------------------------------------------------------

local function charge(budget, work)
  budget.work = budget.work - work
  if budget.work < 0 then error(budget, 0) end
end

local function forget(self)
  for _, program in ipairs(self.programs) do program.states = {} end
  self.kept = 0
end

-- The state for a set of instructions, from the cache if it was built before.
local function state_of(self, program, list)
  sort(list)
  local key = concat(list, ",")
  local state = program.states[key]
  if state then return state end
  if self.kept > MAX_KEPT then forget(self) end
  self.kept = self.kept + #list + 8
  state = { list = list, at = {} }
  program.states[key] = state
  return state
end

-- What a state is at a position with this context: whether it matches, and the instructions that read on.
local function enter(self, program, state, context, budget)
  local op, x, y = program.op, program.x, program.y
  local seen, stack, n = {}, {}, 0
  local place = { program = program, matches = false, reads = {}, to = {} }
  for _, i in ipairs(state.list) do
    n = n + 1
    stack[n] = i
  end
  while n > 0 do
    local i = stack[n]
    n = n - 1
    if not seen[i] then
      seen[i] = true
      budget.work = budget.work - 1
      local kind = op[i]
      if kind == SET then place.reads[#place.reads + 1] = i
      elseif kind == MATCH then place.matches = true
      elseif kind == SPLIT then
        stack[n + 1], stack[n + 2] = y[i], x[i]
        n = n + 2
      elseif (floor(context / 2 ^ x[i]) % 2 == 1) == y[i] then
        n = n + 1
        stack[n] = i + 1
      end
    end
  end
  charge(budget, 4)
  if self.kept > MAX_KEPT then
    forget(self)
    state.at = {}
  end
  self.kept = self.kept + #place.reads + 8
  state.at[context] = place
  return place
end

local function step(self, place, class, budget)
  local program, members, seen, list = place.program, self.members, {}, {}
  if not program.anchored then list[1], seen[1] = 1, true end -- a match may begin here as well
  for _, i in ipairs(place.reads) do
    if members[program.x[i]][class] and not seen[i + 1] then
      seen[i + 1] = true
      list[#list + 1] = i + 1
    end
  end
  charge(budget, #place.reads + 4)
  local state = state_of(self, program, list)
  self.kept = self.kept + 4
  place.to[class] = state
  return state
end

-- Patterns whose only assertions are the ends of the text: character by character, without extra memory.
local function search(self, program, text, budget)
  local state, at, last = state_of(self, program, { 1 }), 1, #text
  while true do
    local context = (at == 1 and 1 or 0) + (at > last and 2 or 0)
    local place = state.at[context] or enter(self, program, state, context, budget)
    if place.matches then return true end
    if at > last or (program.anchored and #place.reads == 0) then return false end
    local class
    class, at = symbol(self, text, at)
    state = place.to[class] or step(self, place, class, budget)
  end
end

local function read_classes(self, text)
  local list, at = {}, 1
  while at <= #text do
    list[#list + 1], at = symbol(self, text, at)
  end
  return list
end

local function contexts_of(self, symbols)
  local words, contexts, n = self.word_classes, {}, #symbols
  for i = 1, n + 1 do
    local is_boundary = (words[symbols[i - 1]] or false) ~= (words[symbols[i]] or false)
    contexts[i] = (i == 1 and 1 or 0) + (i == n + 1 and 2 or 0) + (is_boundary and 4 or 0)
  end
  return contexts
end

-- Runs a lookahead from the end, anything else from the beginning; on_match(position) ends it by true.
local function pass(self, program, symbols, contexts, budget, on_match)
  local state = state_of(self, program, { 1 })
  local first, last, move = 1, #symbols + 1, 1
  if program.reverse then first, last, move = last, first, -1 end
  charge(budget, #symbols)
  for i = first, last, move do
    local context = contexts[i]
    local place = state.at[context] or enter(self, program, state, context, budget)
    if place.matches and on_match(i) then return true end
    if i ~= last then
      local class = symbols[program.reverse and i - 1 or i]
      state = place.to[class] or step(self, place, class, budget)
    end
  end
  return false
end

local regex = {}
regex.__index = regex

local function endless() return { work = math.huge } end

--- Whether the pattern matches anywhere in the text.  budget.work falls by what it costs; below zero the budget is
--- raised as an error.
function regex:test(text, budget)
  budget = budget or endless()
  charge(budget, #text)
  if not self.contextual then return search(self, self.main, text, budget) end
  local symbols = read_classes(self, text)
  local contexts = contexts_of(self, symbols)
  charge(budget, 2 * #text)
  for k, look in ipairs(self.looks) do
    local bit = 2 ^ (LOOK + k - 1)
    pass(self, look, symbols, contexts, budget, function(i) contexts[i] = contexts[i] + bit end)
  end
  return pass(self, self.main, symbols, contexts, budget, function() return true end)
end

--- A compiled pattern, or nil and a reason.  room.size, if given, limits the instructions of all patterns that share
--- it.
function M.compile(text, room)
  if #text > MAX_TEXT then return nil, "the pattern is longer than " .. MAX_TEXT .. " bytes" end
  local c = { size = 0, room = room and room.size or MAX_SIZE, ranges = 0, sets = {}, numbers = {}, looks = {},
              bits = {} }
  local ok, tree = pcall(parser.parse, text)
  if not ok then return nil, tree end
  local fine, main = pcall(new_program, c, tree, false)
  if not fine then return nil, main end
  if room then room.size = room.size - c.size end
  main.anchored = is_anchored(tree)
  if c.words then set_number(c, charset.word) end
  local self = setmetatable({ main = main, looks = c.looks, programs = { main, unpack(c.looks) },
                              contextual = c.words or #c.looks > 0, ascii = {} }, regex)
  self.starts, self.classes, self.members = classify(c.sets)
  self.word_classes = c.words and self.members[c.numbers[concat(charset.word, ",")]] or {}
  for b = 0, 127 do self.ascii[b] = class_of(self, b) end
  self.unknown = class_of(self, 0xFFFD)
  forget(self)
  return self
end

return M
