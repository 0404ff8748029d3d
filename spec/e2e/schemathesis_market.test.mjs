// spec/e2e/schemathesis_market.test.mjs -- schemathesis on the routes of the marketplace.
import { trying } from './schemathesis.mjs';

trying({ market: true, least: 1000 });
