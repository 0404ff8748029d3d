-- scripts/gateway/tools/init.lua -- the tools that come with the gateway.  Others are declared in files of your own:
-- require("gateway.tools").define in any script.

require "gateway.tools.agents"
require "gateway.tools.time"
require "gateway.tools.memory"
require "gateway.tools.files"
require "gateway.tools.output"
require "gateway.tools.shell"
require "gateway.tools.cron"
require "gateway.tools.web"
require "gateway.tools.skill"
require "gateway.tools.message"

return {}
