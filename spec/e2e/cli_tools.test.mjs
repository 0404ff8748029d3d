// spec/e2e/cli_tools.test.mjs -- `human tools`: what the agent may call is listed, switched on and off in the terminal,
// tools of this program in the settings file, those of other servers as they are described.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { human } from './gateway_cron_world.mjs';
import { errors, makeHome, startHost } from './hosts.mjs';
import { serveHttp } from './mcp_sdk_server.mjs';
import { until } from './support.mjs';

const home = makeHome(), file = path.join(home, 'config.json');
let host, web;
before(async () => {
  web = await serveHttp(() => {});
  fs.writeFileSync(file, JSON.stringify({ llm: { provider: 'offline' }, egress: { allow: '127.0.0.1/32' }, mcp_servers: { web: { url: web.url } } }));
  host = await startHost({ home, env: { HUMAN_CONFIG: file } });
});
after(async () => {
  web?.close();
  const { code } = host ? await host.stop() : { code: -1 };
  assert.deepEqual([code, host ? errors(host.log()) : []], [0, []]);
});

const tools = (...words) => human(home, ['tools', ...words]);
const json = async (...words) => {
  const { code, stdout, stderr } = await tools(...words, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};
const said = () => JSON.parse(fs.readFileSync(file, 'utf8')).tools ?? {};
const state = async (name) => (await json()).tools.find((t) => t.name === name).enabled;

it('are listed with their risk and whether they are on', async () => {
  const { stdout } = await tools();
  assert.match(stdout, /^NAME +RISK +STATE +FROM +WHAT IT DOES\n/);
  assert.match(stdout, /^time +low +on +built-in +The present date/m);
  assert.match(stdout, /^shell +high +off +built-in +Runs a program/m);
  assert.match((await tools('show', 'shell')).stdout, /^shell {2}off, risk high, from built-in\n {2}Runs .*\n {2}arguments \{.*"argv"/);
});

it('of this program are switched in the settings file, which keeps the rest', async () => {
  assert.equal((await tools('allow', 'shell')).stdout, 'shell is on: security.autonomy_level says whether a call asks first.\n');
  assert.deepEqual([await state('shell'), said().enabled], [true, ['shell']]);
  assert.deepEqual(await json('allow', 'shell'), { name: 'shell', enabled: true });
  assert.equal((await tools('forbid', 'shell')).stdout, 'shell is off.\n');
  assert.deepEqual([await state('shell'), said().enabled, said().disabled], [false, [], undefined]);
  assert.deepEqual(await json('forbid', 'time'), { name: 'time', enabled: false });
  assert.deepEqual([await state('time'), said().disabled], [false, ['time']]);
  assert.equal((await tools('allow', 'time')).code, 0);
  assert.deepEqual([await state('time'), said().disabled, JSON.parse(fs.readFileSync(file, 'utf8')).llm.provider], [true, [], 'offline']);
});

it('of another server are allowed as they are described', async () => {
  await json('refresh', 'web');
  await until(async () => (await json()).sources[0].state === 'ready', 20_000, 'the server was asked');
  const one = (await json()).tools.find((t) => t.source === 'mcp:web');
  assert.equal(one.enabled, false);
  assert.match((await tools('show', one.name)).stdout, new RegExp(`^ {2}hash ${one.hash}$`, 'm'));
  const other = await tools('allow', one.name, '--hash', 'another');
  assert.deepEqual([other.code, other.stderr], [1, 'human tools: The tool is described otherwise by now: look at it again\n']);
  assert.deepEqual(await json('allow', one.name, '--hash', one.hash), { name: one.name, enabled: true });
  assert.equal(await state(one.name), true);
  assert.equal((await tools('forbid', one.name)).code, 0);
  assert.equal(await state(one.name), false);
});

it('that there are not are refused, with the one that was probably meant', async () => {
  const typo = await tools('allow', 'shel');
  assert.deepEqual([typo.code, typo.stderr], [1, 'human tools: there is no tool shel (did you mean shell?); `human tools` lists those there are\n']);
  assert.equal((await tools('allow')).code, 2);
  assert.equal((await tools('allow', 'time', '--hash', 'x')).code, 2);
  assert.match((await tools('refresh', 'nope')).stderr, /^human tools: nope: There is no such server among mcp_servers; see `human tools`/);
});
