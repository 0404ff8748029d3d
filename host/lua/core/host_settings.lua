-- host/lua/core/host_settings.lua -- the part of host.lua for settings that scripts define.
-- Adds its functions to the module M; C and the access to host_str come from host.lua.

return function(M, C, fill, taken, strs)
  local a, b, out = strs[1], strs[2], strs[3]

  -- The value given for a setting, or in its second environment variable: {type, text, source}, or nil.
  function M.setting(gen, name, variable)
    if C.host_setting(gen, fill(a, name), fill(b, variable or ""), out) ~= 1 then return nil end
    return M.unpack(taken())
  end

  -- A secret defined by scripts may come from that variable, too.
  function M.setting_secret(name, variable) return C.host_setting_secret(fill(a, name), fill(b, variable)) == 0 end

  -- {given = {{name, type, source}, ..}, variables = {..}, own = {names of the host's settings}}.
  function M.settings(gen)
    if C.host_settings(gen, out) < 0 then return { given = {}, variables = {}, own = {} } end
    return M.unpack(taken())
  end

  -- Requests a change of the settings file: an op, or an error.
  function M.settings_set(owner, request) return C.host_settings_set(owner, fill(a, request)) end

  -- Requests that a process of its own does what human.cli.aside reads: an op, or an error.
  function M.aside(owner, request) return C.host_aside(owner, fill(a, request)) end

  -- The hash of the current settings file, 64 hex digits.
  function M.settings_hash()
    C.host_settings_hash(out)
    return taken()
  end

  -- A text as a number in the unit of the name's suffix (_ms, _s, _bytes), or nil.
  function M.setting_number(name, text)
    local number = C.host_setting_number(fill(a, name), fill(b, text))
    return number == number and number or nil
  end

  -- "like 500ms, 30s or 5m", or nil: a setting of that name takes no unit.
  function M.setting_units(name)
    return C.host_setting_units(fill(a, name), out) == 1 and taken() or nil
  end
end
