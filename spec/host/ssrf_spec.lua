-- spec/host/ssrf_spec.lua -- which addresses a guarded request may reach.
-- The IANA special-purpose registries; each range by its first, a middle and its last address.

local allows = require "c_types" ("fetch/ssrf.h", "ssrf_allows_text").ssrf_allows_text

local REFUSED = {
  ["this network"] = "0.0.0.0 0.1.2.3 0.255.255.255",
  ["loopback"] = "127.0.0.1 127.1.2.3 127.255.255.255 ::1",
  ["private"] = "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255",
  ["carrier NAT"] = "100.64.0.0 100.100.100.200 100.127.255.255",
  ["link-local"] = "169.254.0.0 169.254.169.254 169.254.255.255 fe80::1 febf::1",
  ["protocol assignments"] = "192.0.0.0 192.0.0.170 192.0.0.255 2001::1 2001:1ff:ffff::1",
  ["documentation"] = "192.0.2.1 198.51.100.255 203.0.113.0 2001:db8::1 2001:db8:ffff::1 3fff:fff::1",
  ["benchmarks"] = "198.18.0.0 198.19.255.255 2001:2::1",
  ["6to4 relays"] = "192.88.99.1",
  ["multicast"] = "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
  ["reserved and broadcast"] = "240.0.0.0 255.255.255.255",
  ["unspecified"] = ":: 0.0.0.0",
  ["unique local"] = "fc00::1 fd00:ec2::254 fdff::1",
  ["site-local"] = "fec0::1",
  ["discard"] = "100::1",
  ["v4-compatible"] = "::127.0.0.1 ::10.0.0.1 ::8.8.8.8",
  ["v4-mapped private"] = "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:a00:1",
  ["v4-translated"] = "::ffff:0:127.0.0.1",
  ["NAT64 of private"] = "64:ff9b::127.0.0.1 64:ff9b::10.1.2.3 64:ff9b:1::8.8.8.8",
  ["6to4 of private"] = "2002:7f00:1::1 2002:a00:1:: 2002:c0a8:1::1 2002:a9fe:a9fe::1",
  ["Teredo"] = "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  ["ISATAP of private"] = "2600::5efe:10.0.0.1 2600::200:5efe:192.168.0.1",
  ["AS112"] = "2620:4f:8000::1",
  ["outside of 2000::/3"] = "4000::1 8000::1 1fff::1 5f00::1",
  ["no address at all"] = "localhost 127.1 0x7f.1 2130706433 1.2.3.4.5 1.2.3 gggg::",
}

local ALLOWED = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 "
  .. "169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.167.255.255 "
  .. "192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 "
  .. "2606:4700:4700::1111 2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2a00:1450::1 3ffe::1 "
  .. "::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1 2600::5efe:8.8.8.8 2620:50::1"

describe("the address guard", function()
  for what, list in pairs(REFUSED) do
    it("refuses " .. what, function()
      for ip in list:gmatch "%S+" do assert.is_false(allows(ip), ip) end
    end)
  end

  it("allows the public neighbours of every range", function()
    for ip in ALLOWED:gmatch "%S+" do assert.is_true(allows(ip), ip) end
  end)
end)
