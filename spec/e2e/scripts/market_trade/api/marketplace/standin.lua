-- spec/e2e/scripts/market_trade/api/marketplace/standin.lua -- loads the stand-in, as the routes of payments load the module.
return { payments = require "marketplace.payments" }
