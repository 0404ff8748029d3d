-- spec/lua/metrics_spec.lua -- the text that Prometheus scrapes.

local plain_host = require "plain_host"

describe("metrics", function()
  local host, metrics
  before_each(function()
    host = plain_host.new {}
    metrics = plain_host.fresh("human.metrics", host)
  end)

  it("says what a metric is, once, before its series", function()
    metrics.define("a_total", "counter", "Things \\ done.\nAll of them.")
    metrics.add("a_total", 2, { y = 'q"\\\n', x = "1" })
    metrics.add("a_total")
    metrics.add("a_total", 1)
    metrics.add("b", -1.5)
    assert.equal([[
# HELP a_total Things \\ done.\nAll of them.
# TYPE a_total counter
a_total 2
a_total{x="1",y="q\"\\\n"} 2
# HELP b Of a script.
# TYPE b gauge
b -1.5
]], metrics.text())
  end)

  it("has a gauge that workers set alike once, and not as their sum", function()
    host.metric("a_total", 1)
    metrics.set("g", 1)
    metrics.set("g", 2)
    metrics.set("g", 3, { x = "y" })
    assert.equal([[
# HELP a_total Of a script.
# TYPE a_total counter
a_total 1
# HELP g Of a script.
# TYPE g gauge
g 2
g{x="y"} 3
]], metrics.text())
  end)

  it("adds up the buckets of a histogram, those with nothing in them included", function()
    metrics.define("t_seconds", "histogram", "T.", { 0.1, 1, 10 })
    host.metric('t_seconds_bucket{r="x",le="1"}', 3)
    host.metric('t_seconds_bucket{r="x",le="+Inf"}', 2)
    host.metric('t_seconds_sum{r="x"}', 50.25)
    host.metric('t_seconds_bucket{le="0.1"}', 1)
    assert.equal([[
# HELP t_seconds T.
# TYPE t_seconds histogram
t_seconds_bucket{le="0.1"} 1
t_seconds_bucket{le="1"} 1
t_seconds_bucket{le="10"} 1
t_seconds_bucket{le="+Inf"} 1
t_seconds_sum 0
t_seconds_count 1
t_seconds_bucket{r="x",le="0.1"} 0
t_seconds_bucket{r="x",le="1"} 3
t_seconds_bucket{r="x",le="10"} 3
t_seconds_bucket{r="x",le="+Inf"} 5
t_seconds_sum{r="x"} 50.25
t_seconds_count{r="x"} 5
]], metrics.text())
  end)

  it("keeps families together whatever their names have in common", function()
    for _, name in ipairs { "a_b", "a", "a_b_c" } do metrics.add(name, 1, { x = 1 }) metrics.add(name) end
    local order = {}
    for name in metrics.text():gmatch "# TYPE (%S+)" do order[#order + 1] = name end
    assert.same({ "a", "a_b", "a_b_c" }, order)
  end)

  it("knows the kind of a described metric by its name, and braces in a label", function()
    metrics.describe("c_total", "C.")
    metrics.add("c_total", 1, { route = "/x/{id}" })
    assert.equal('# HELP c_total C.\n# TYPE c_total counter\nc_total{route="/x/{id}"} 1\n', metrics.text())
  end)

  it("refuses malformed names, and drops series beyond its number (limit: metric series)", function()
    assert.has_error(function() metrics.add "a-b" end)
    assert.has_error(function() metrics.add("a", 1, { ["1x"] = 2 }) end)
    for i = 1, 2100 do metrics.add("many", 1, { i = i }) end
    assert.equal(100, host.sums.human_metrics_dropped_total)
    metrics.add("many", 1, { i = 1 })
    assert.equal(2, host.sums['many{i="1"}'])
  end)

  it("counts requests by route and status, and how long they took", function()
    local traffic = plain_host.fresh("human.observe.traffic", host)
    local s = traffic.series("GET", "/x")
    for _, seconds in ipairs { 0.0001, 0.0005, 0.02, 100 } do traffic.observe(s, 200, seconds) end
    traffic.count(s, 101)
    assert.same({}, host.sums)
    traffic.flush()
    traffic.flush()
    local expected = { ['human_http_requests_total{method="GET",route="/x",status="200"}'] = 4,
                       ['human_http_requests_total{method="GET",route="/x",status="101"}'] = 1 }
    for le, n in pairs { ["0.0005"] = 2, ["0.025"] = 1, ["+Inf"] = 1 } do
      expected[('human_http_request_duration_seconds_bucket{method="GET",route="/x",le="%s"}'):format(le)] = n
    end
    local sum = 'human_http_request_duration_seconds_sum{method="GET",route="/x"}'
    assert.is_true(math.abs(host.sums[sum] - 100.0206) < 1e-9)
    host.sums[sum] = nil
    assert.same(expected, host.sums)
  end)
end)
