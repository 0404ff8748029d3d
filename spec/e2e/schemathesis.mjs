// spec/e2e/schemathesis.mjs -- runs schemathesis, for schemathesis*.test.mjs, a part of the routes each: it reads the OpenAPI document and tries what it says, and what it does
// not say: valid data must be taken, invalid data refused, methods that are not listed answered 405, keys demanded, and
// nothing is a server error.  All checks, all operations but streams that never end; the seed is fixed, so that a failure is one
// for everybody (SCHEMATHESIS_SEED, SCHEMATHESIS_EXAMPLES look further).
//
// Of its checks one cannot fail here: object_level_authorization needs two users' credentials in its configuration, and
// asks whether one reads what the other made; agent_api.test.mjs does that for each kind of resource.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeUser } from './agent_client.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { root } from './support.mjs';

const run = promisify(execFile);
const { SCHEMATHESIS_SEED: seed = '1', SCHEMATHESIS_EXAMPLES: examples = '4' } = process.env;
const LIMIT_MS = 280_000;
// No document can say which code is good; and who guesses so often is locked out, as it says.  Of bodies of which one of
// two things has to be there, and of OpenAI's, which are read as they come, ours does not say all.
const GUESSES = `[[operations]]
include-path-regex = "^(/api)?/pair$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "429"]
checks.negative_data_rejection.expected-statuses = ["400", "401", "429"]

[[operations]]
include-path-regex = "^/(ui/session|v1/chat/completions|v1/responses)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "404", "429"]

# The marketplace, where most depends on what is there, and on the state that it is in.
[[operations]]
include-path-regex = "^/(?!stripe-webhook$)([a-z]+(-[a-z]+)+|mcp)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "402", "403", "404", "409", "410", "429"]
checks.negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "409", "429"]

# Only Stripe can sign.
[[operations]]
include-path-regex = "^/stripe-webhook$"
checks.positive_data_acceptance.expected-statuses = ["400", "401"]
`;

const MARKET = '^/([a-z]+(-[a-z]+)+|mcp)(/|$)';   // its paths are at the root, with hyphens but for one
const ENDLESS = '-stream$';                       // answers that go on until somebody leaves: market_streams.test.mjs

async function makeActor(host) {
  const answer = await fetch(`${host.url}/agents-quick-start`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"display_name":"S"}' });
  return answer.json();
}

/** A suite that has schemathesis try the routes of the marketplace, or all others: is at least `least` cases. */
export function trying({ market, least }) {
  let host, user, dir, member, admin;
  before(async () => {
    host = await startHost();
    user = await makeUser(host.url);
    dir = makeHome();
    [member, admin] = [await makeActor(host), await makeActor(host)];
    await sql(host.home, `update market_actors set role = 'admin' where id = '${admin.actor_id}'`);
  });
  after(async () => {
    assert.equal((await host?.stop())?.code, 0);
  });

  describe('schemathesis', () => {
    it('finds nothing', { timeout: LIMIT_MS }, async () => {
      const config = path.join(dir, 'schemathesis.toml');
      fs.writeFileSync(config, `[auth.openapi]\nagent_key = { api_key = "${user.key}" }
market_key = { api_key = "${member.api_key}" }\nmarket_tool_key = { api_key = "${member.api_key}" }\nmarket_admin = { api_key = "${admin.api_key}" }\n${GUESSES}`);
      const program = path.join(root, 'build/venv/bin/schemathesis');
      const args = ['--config-file', config, 'run', `${host.url}/openapi.json`, '--checks', 'all',
        ...(market ? ['--include-path-regex', MARKET, '--exclude-path-regex', ENDLESS] : ['--exclude-path-regex', MARKET]),
        '--seed', seed, '--max-examples', examples, '--continue-on-failure', '--generation-database', 'none', '--no-color', '--request-timeout', '60'];
      const env = { ...process.env, SCHEMATHESIS_HOOKS: 'schemathesis_hooks', PYTHONPATH: path.join(root, 'spec/e2e'),
        PYTHONDONTWRITEBYTECODE: '1' };
      const { stdout, code } = await run(program, args, { cwd: dir, env, maxBuffer: 64 << 20, timeout: LIMIT_MS })
        .catch((error) => error);
      assert.equal(code ?? 0, 0, stdout);
      const tested = /Tested: +(\d+)/.exec(stdout)?.[1], selected = /Selected: +(\d+)\/(\d+)/.exec(stdout);
      assert.equal(tested, selected?.[1], stdout);
      assert.ok(Number(/(\d+) passed/.exec(stdout.slice(stdout.indexOf('Test cases:')))?.[1]) > least, stdout);
    });

    it('met no error that was logged', () => assert.deepEqual(errors(host.log()), []));
  });
}
