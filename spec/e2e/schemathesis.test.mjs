// spec/e2e/schemathesis.test.mjs -- schemathesis on all routes but those of the marketplace.
import { trying } from './schemathesis.mjs';

trying({ market: false, least: 1000 });
