-- spec/support/paths.lua -- where modules live in the source tree, for specs run by plain busted.
-- Inside `human test` the same names resolve to the compiled-in modules.

local function searcher(name)
  local sub = name:match "^human%.(.+)$"
  local tail = (sub or name):gsub("%.", "/")
  local places = sub and { "host/lua/" .. tail }
    or { "scripts/" .. tail, "rocks/" .. tail, "rocks/" .. tail .. "/" .. tail, "spec/support/" .. tail }
  local tried = {}
  for _, place in ipairs(places) do
    local path = place .. ".lua"
    local chunk, err = loadfile(path)
    if chunk then return chunk end
    if not err:find("cannot open", 1, true) then error(err, 0) end
    tried[#tried + 1] = "\n\tno file '" .. path .. "'"
  end
  return table.concat(tried)
end

table.insert(package.loaders or package.searchers, 2, searcher)
