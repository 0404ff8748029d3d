-- rocks/yaml/compose.lua -- from a tree of nodes to values: the core schema of YAML 1.2, and aliases.
-- An alias is another copy of what it stands for, so what a text can make of little is bounded: by max_nodes, and its
-- texts by max_bytes.

local find, sub = string.find, string.sub

local CORE = "^tag:yaml%.org,2002:(%a+)$"

local CONSTANTS = {
  ["true"] = true, True = true, TRUE = true, ["false"] = false, False = false, FALSE = false,
  [".inf"] = math.huge, [".Inf"] = math.huge, [".INF"] = math.huge,
  ["+.inf"] = math.huge, ["+.Inf"] = math.huge, ["+.INF"] = math.huge,
  ["-.inf"] = -math.huge, ["-.Inf"] = -math.huge, ["-.INF"] = -math.huge,
  [".nan"] = 0 / 0, [".NaN"] = 0 / 0, [".NAN"] = 0 / 0,
}
local NULLS = { [""] = true, ["~"] = true, null = true, Null = true, NULL = true }

local function integer(text)
  if find(text, "^[-+]?%d+$") then return tonumber(sub(text, 1, 1) == "+" and sub(text, 2) or text) end
  if find(text, "^0x%x+$") then
    local value = 0
    for i = 3, #text do value = value * 16 + tonumber(sub(text, i, i), 16) end
    return value
  end
  if find(text, "^0o[0-7]+$") then
    local value = 0
    for i = 3, #text do value = value * 8 + tonumber(sub(text, i, i)) end
    return value
  end
end

local function float(text)
  local _, last = find(text, "^[-+]?%d+%.?%d*")
  if not last then _, last = find(text, "^[-+]?%.%d+") end
  if not last or last < #text and not find(text, "^[eE][-+]?%d+$", last + 1) then return nil end
  return tonumber(sub(text, 1, 1) == "+" and sub(text, 2) or text)
end

-- What a plain scalar is; nil for null, and then true.
local function plain(text)
  if NULLS[text] then return nil, true end
  local constant = CONSTANTS[text]
  if constant ~= nil then return constant end
  if not find(text, "^[-+.%d]") then return text end
  return integer(text) or float(text) or text
end

local function fail(node, why) error({ at = node.at, why = why }, 0) end

-- What a scalar is that has a tag of the core schema.
local function tagged(node, tag)
  local value, is_null = plain(node.text)
  if tag == "str" then return node.text end
  if tag == "null" and is_null then return nil, true end
  if tag == "bool" and type(value) == "boolean" then return value end
  if tag == "int" and integer(node.text) then return value end
  if tag == "float" and type(value) == "number" then return value end
  if find("|null|bool|int|float|map|seq|", "|" .. tag .. "|", 1, true) then fail(node, "this is no !!" .. tag) end
  return node.text -- !!binary, !!timestamp and their like
end

local function scalar(node)
  if not node.tag then
    if node.style == ":" then return plain(node.text) end
    return node.text
  end
  local core = node.tag:match(CORE)
  if core then return tagged(node, core) end
  return node.text
end

local compose

-- A key is the text of a scalar: 200 and "200" are one.
local function key_of(state, node)
  local of = node.kind == "alias" and node.holder.node or node
  if of.kind ~= "scalar" then fail(node, "a key is a scalar") end
  compose(state, node) -- counts it, and judges its tag
  return of.text
end

local function map(state, node)
  local keys, max, out = 0, state.limits.max_keys, {}
  for i = 1, #node, 2 do
    local key = key_of(state, node[i])
    if out[key] ~= nil then fail(node[i], "the key " .. sub(key, 1, 40) .. " is there twice") end
    keys = keys + 1
    if keys > max then fail(node[i], "more than " .. max .. " keys in a mapping") end
    out[key] = compose(state, node[i + 1])
  end
  return out
end

local function seq(state, node)
  local out = {}
  for i = 1, #node do out[i] = compose(state, node[i]) end
  return state.array(out)
end

local function collection(state, node)
  local core = node.tag and node.tag:match(CORE)
  if core and core ~= node.kind and find("|str|null|bool|int|float|map|seq|", "|" .. core .. "|", 1, true) then
    fail(node, "this is no !!" .. core)
  end
  state.depth = state.depth + 1
  if state.depth > state.limits.max_depth then fail(node, "nested deeper than " .. state.limits.max_depth) end
  node.open = true
  local out = (node.kind == "map" and map or seq)(state, node)
  node.open = nil
  state.depth = state.depth - 1
  return out
end

local function count(state, node, at)
  state.nodes = state.nodes + 1
  if state.nodes > state.limits.max_nodes then
    fail(at, "more than " .. state.limits.max_nodes .. " nodes, those of aliases included")
  end
  if state.aliases > 0 and node.text then
    state.copied = state.copied + #node.text
    if state.copied > state.limits.max_bytes then
      fail(at, "more than " .. state.limits.max_bytes .. " bytes of aliases")
    end
  end
end

local function alias(state, node)
  local of = node.holder.node
  if not of or of.open then fail(node, "an alias of what it is in") end
  state.aliases = state.aliases + 1
  local value = compose(state, of, node)
  state.aliases = state.aliases - 1
  return value
end

-- at: the alias for which a node is there again.
compose = function(state, node, at)
  if node.kind == "alias" then return alias(state, node) end
  count(state, node, at or node)
  if node.kind ~= "scalar" then return collection(state, node) end
  local value, is_null = scalar(node)
  if is_null then return state.null end
  return value
end

--- Values of nodes of one text: a function.  options: null, array(list), max_nodes, max_bytes, max_depth, max_keys.
return function(options)
  local state = { limits = options, null = options.null, array = options.array,
                  nodes = 0, aliases = 0, copied = 0, depth = 0 }
  return function(node) return compose(state, node) end
end
