// spec/e2e/cli_gateway.test.mjs -- commands that talk with the running gateway: they are its operator whatever it asks of
// clients, print tables or JSON, end with 0, 1 or 2, and show no secret.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { BINARY, errors, makeHome, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const TOKEN = 'operator-token-of-this-spec', SECRET = 'whsec-never-shown';
const home = makeHome(), file = path.join(home, 'human.json');
let host, operator;

/** {code, out, err} of `human WORDS`; input: what it reads. */
const human = (words, { input = '', env = {} } = {}) => new Promise((resolve) => {
  const child = execFile(BINARY, words, { timeout: 30_000, env: { PATH: process.env.PATH, HOME: home, HUMAN_HOME: home, HUMAN_CONFIG: file,
    HUMAN_SCRIPTS: host.scripts, HUMAN_OVERRIDES: '**', ...env } }, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
  child.stdin.end(input);
});
const json = async (...words) => {
  const { code, out, err } = await human([...words, '--json']);
  assert.equal(code, 0, err);
  return JSON.parse(out);
};
const post = async (url, body, headers = {}) => {
  const answer = await fetch(host.url + url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
};

before(async () => {
  fs.writeFileSync(file, '{ "gateway": { "require_pairing": true } }');
  host = await startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_SECURITY_AUTONOMY_LEVEL: '1' } });
  operator = await open(host, { token: TOKEN });
});
after(async () => {
  operator.ws.close();
  assert.deepEqual(errors(host.log()).filter((line) => !line.includes('reload: refused')), []);
  assert.ok(!host.log().includes(SECRET));
  assert.equal((await host.stop()).code, 0);
});

describe('a call as a request', () => {
  it('is answered as on the socket, in both dialects, if the caller may make it', async () => {
    const authorization = { authorization: `Bearer ${TOKEN}` };
    assert.deepEqual(await post('/rpc', { method: 'health', id: 'a' }), { status: 200, type: 'res', id: 'a', ok: true, payload: { status: 'ok' } });
    assert.equal((await post('/rpc', { method: 'sessions.list', id: 'a' })).error.code, 'UNAUTHORIZED');
    assert.deepEqual((await post('/rpc', { method: 'sessions.list', id: 'a' }, authorization)).payload, { sessions: [] });
    const answer = await post('/rpc', { jsonrpc: '2.0', method: 'sessions.list', id: 7 }, authorization);
    assert.deepEqual([answer.id, answer.result], [7, { sessions: [] }]);
    assert.equal((await post('/rpc', { jsonrpc: '2.0', method: 'nope', id: 7 }, authorization)).error.code, -32601);
    const told = await post('/rpc', { method: 'connect', id: 'c', params: { auth: { token: TOKEN } } });
    assert.equal(told.payload.auth.role, 'operator');
    assert.equal((await post('/rpc', { method: 'sessions.list', id: 'a' })).error.code, 'UNAUTHORIZED');
  });

  it('is limited to 60 a second per address', async () => { // limit: gateway requests
    const once = () => new Promise((done, fail) => {
      const request = http.request({ host: '127.0.0.1', port: host.port, path: '/rpc', method: 'POST', localAddress: '127.0.0.7',
        headers: { 'content-type': 'application/json' } }, (response) => done(response.resume().statusCode));
      request.on('error', fail).end('{"method":"health"}');
    });
    const seen = await Promise.all(Array.from({ length: 200 }, once));
    assert.ok(seen.filter((s) => s === 200).length >= 120, String(seen));
    assert.ok(seen.includes(429), String(seen));
  });

  it('that is invalid gets an error that says so', async () => {
    for (const [body, code] of [['{', 'PARSE_ERROR'], ['[]', -32600], ['null', 'INVALID_REQUEST'], ['[{"jsonrpc":"2.0","method":"health","id":1}]', -32600],
      ['{"jsonrpc":"2.0","id":1,"result":{}}', -32600]]) {
      assert.equal((await post('/rpc', body)).error.code, code, body);
    }
    assert.equal((await post('/rpc', '{}', { authorization: 'Bearer wrong' })).status, 401);
    assert.equal((await post('/rpc', '{}', { 'content-type': 'text/plain' })).status, 415);
  });
});

describe('pairing and devices', () => {
  it('a code pairs one device, which can be listed and revoked', async () => {
    const { code, url, expires_at } = await json('pair');
    assert.equal(url, `${host.url}/#token=${code}`);
    assert.ok(Date.parse(expires_at) > Date.now());
    const { token } = await post('/pair', { code, label: 'a \u001b[31mred\u001b[0m telephone' });
    const c = await open(host, { token });
    const [device] = (await json('devices')).paired;
    const table = await human(['pair', '--list']);
    assert.match(table.out, /^ID +ROLE +PAIRED +LAST USED +LABEL\n/);
    assert.ok(table.out.includes(device.id) && !table.out.includes('\u001b'));
    assert.deepEqual((await human(['devices', 'revoke', device.id])).code, 0);
    assert.equal((await c.closed).code, 4000);
    const again = await human(['pair', '--revoke', device.id]);
    assert.deepEqual([again.code, again.err], [1, `human pair: ${device.id}: There is no such device; see \`human devices\`\n`]);
    assert.match((await human(['devices'])).out, /No device is paired/);
  });

  it('shows a code that people can type and open', async () => {
    const { out } = await human(['pair']);
    assert.match(out, /^Code \d{8}, good once, until .*\nA browser: open http:\/\/127\.0\.0\.1:\d+\/#token=\d{8}\nA device: POST .*\n$/);
  });
});

describe('approvals and sessions', () => {
  const ask = async (text, sessionKey = 'default') => (await operator.call('chat.send', { message: text, sessionKey })).payload.runId;
  const waiting = async () => {
    let list;
    await until(async () => (list = (await json('approvals', 'list')).approvals).length === 1, 15_000, 'one call waits');
    return list[0];
  };
  const ended = (run) => operator.next((f) => f.event === 'chat' && f.payload.runId === run && f.payload.state === 'sent');

  it('a call waits with its arguments until somebody allows or denies it, and the first answer counts', async () => {
    const run = await ask('run the tool file_write with {"path":"a.txt","content":"a\u202enote"}');
    const one = await waiting();
    const shown = await human(['approvals']);
    assert.ok(shown.out.includes(one.id) && shown.out.includes('file_write') && shown.out.includes('\\u202e'), shown.out);
    assert.match(shown.out, /^  because it .*, and security\.autonomy_level has such tools ask$/m);
    assert.deepEqual((await human(['approvals', 'allow', one.id.slice(-8)])).out, 'Allowed, this once.\n');
    assert.ok((await ended(run)).payload.message);
    const late = await human(['approvals', 'deny', one.id]);
    assert.deepEqual([late.code, late.err.split('\n')[0]], [1, `human approvals: no call with the id ${one.id} waits; \`human approvals\` lists those that do`]);
    const second = await ask('run the tool file_write with {"path":"b.txt","content":"b"}');
    assert.equal((await human(['approvals', 'deny', (await waiting()).id])).out, 'Denied.\n');
    await ended(second);
  });

  it('what was said is listed, shown and deleted', async () => {
    await ended(await ask('hello \u001b]0;title\u0007 there', 'a key'));
    const row = (await json('sessions')).sessions.find((s) => s.key === 'a key');
    assert.equal(row.turn_count, 1);
    const shown = await human(['sessions', 'show', 'a key']);
    assert.match(shown.out, /user: hello/);
    assert.ok(!/[\u0007\u001b]/.test(shown.out));
    assert.ok((await json('sessions', 'show', 'a key', '--limit', '1')).messages.length === 1);
    assert.equal((await human(['sessions', 'delete', 'a key'])).code, 0);
    assert.deepEqual(await human(['sessions', 'delete', 'a key']), { code: 1, out: '', err: 'human sessions: a key: There is no such session; see `human sessions`\n' });
  });
});

describe('what is refused', () => {
  const NO_ID = 'ID must be an id as it was given out: c, and 8 to 40 small letters and digits; see `human devices`';
  const CHANNELS = /there are discord, lark, line, slack, telegram, whatsapp$/m;
  for (const [words, text] of [
    ['devices revoke 999', NO_ID], ['pair --revoke 999', NO_ID],
    ['sessions show nobody', 'nobody: There is no such session; see `human sessions`'],
    ['approvals deny nothing', 'no call with the id nothing waits; `human approvals` lists those that do'],
    ['channels allow nope 1', CHANNELS], ['channels block nope 1', CHANNELS], ['channels people nope', CHANNELS], ['channels webhook nope https://x.example/', CHANNELS],
    ['channels allow telegram:nope 1', 'Telegram has no account nope'],
    ['channels approve NOPE', /^human channels: NOPE: There is no such code, .*; see `human channels people`$/m],
    ['channels webhook telegram nonsense', 'URL must be an http or https URL of at most 2048 characters'],
    ['skills show nope', 'nope: There is no such skill; see `human skills`'],
    ['skills show ../nope', 'NAME must be small letters, digits, - and _'],
    ['cron add nonsense Hello', 'WHEN: a pattern has five fields: minute, hour, day of the month, month, day of the week'],
    ['cron add @daily Hello --tz Mars/Phobos', /^human cron: --tz: there is no time zone 'Mars\/Phobos'/m],
    ['cron add @daily Hello --deliver telgram:1', /--deliver is none, an address \(https:\/\/\.\.\), or CHANNEL:CHAT with one of .*, not telgram \(did you mean telegram\?\)$/m],
    ['cron run 99', '99: There is no such job; see `human cron`'],
  ]) {
    it(`says what was expected: human ${words}`, async () => {
      const { code, out, err } = await human(words.split(' '));
      assert.deepEqual([code === 0, out], [false, '']);
      if (typeof text === 'string') assert.equal(err, `human ${words.split(' ')[0]}: ${text}\n`);
      else assert.match(err, text);
    });
  }

  it('explains that a pairing code may be wrong, used or too old, and how to get a new one', async () => {
    const { code } = await json('pair');
    assert.equal((await post('/pair', { code })).status, 200);
    const used = await post('/pair', { code });
    assert.deepEqual([used.status, used.message], [401, 'This code is wrong, was used before, or is older than 10 minutes: `human pair` on the server prints a new one']);
  });
});

describe('settings', () => {
  it('are read and set by name, and a wrong name is quoted', async () => {
    assert.equal((await human(['config', 'get', 'gateway.sign_in_ms'])).out, '30000\n');
    assert.equal((await human(['config', 'set', 'gateway.sign_in_ms', '20s'])).out, 'gateway.sign_in_ms is set.\n');
    assert.deepEqual(await json('config', 'get', 'gateway.sign_in_ms'), { name: 'gateway.sign_in_ms', value: 20000 });
    assert.equal((await human(['config', 'unset', 'gateway.sign_in_ms'])).code, 0);
    assert.equal((await json('config', 'get')).gateway.sign_in_ms, 30000);
    const typo = await human(['config', 'set', 'gateway.sign_in', '5']);
    assert.deepEqual([typo.code, typo.err], [1, 'human config: there is no setting gateway.sign_in (did you mean gateway.sign_in_ms?)\n']);
    assert.equal((await human(['config', 'set', 'gateway.sign_in_ms', 'soon'])).code, 1);
    assert.match((await human(['config'])).out, /^gateway\.enabled +=/m);
  });

  it('that are secrets come on standard input only, and are never shown', async () => {
    const as = await human(['config', 'set', 'gateway.webhook_hmac_secret', SECRET]);
    assert.equal(as.code, 2);
    assert.ok(!as.err.includes(SECRET));
    assert.equal((await human(['config', 'set', 'gateway.webhook_hmac_secret', '-'], { input: `${SECRET}\n` })).code, 0);
    assert.equal((await human(['config', 'get', 'gateway.webhook_hmac_secret'])).out, '***\n');
    assert.ok(fs.readFileSync(file, 'utf8').includes(SECRET));
    assert.equal((await human(['config', 'set', 'gateway.webhook_hmac_secret', '-'])).code, 1);
  });
});

describe('what other commands say', () => {
  it('is JSON on request', async () => {
    assert.deepEqual(JSON.parse((await human(['secret', 'set', 'shop', '--json'], { input: 'x' })).out), { set: 'shop' });
    assert.deepEqual(await json('secret', 'list'), { secrets: [{ name: 'shop', ok: true }] });
    assert.deepEqual(await json('secret', 'remove', 'shop'), { removed: 'shop' });
    assert.deepEqual(await json('secret', 'list'), { secrets: [] });
    const pong = await json('ping');
    assert.deepEqual([pong.url, pong.code, pong.health.status], [host.url, 200, 'ok']);
  });

  it('includes the last lines of the log, and those that follow', async () => {
    assert.equal((await human(['logs', '-n', '2'])).out.trim().split('\n').length, 2);
    for (const line of (await human(['logs', '-n', '5', '--json'])).out.trim().split('\n')) assert.ok(JSON.parse(line).msg);
    const child = execFile(BINARY, ['logs', '-f', '-n', '1', '--json'], { env: { PATH: process.env.PATH, HOME: home, HUMAN_HOME: home, HUMAN_CONFIG: file, HUMAN_SCRIPTS: host.scripts, HUMAN_OVERRIDES: '**' } });
    let seen = '';
    child.stdout.on('data', (d) => { seen += d; });
    await until(() => seen.includes('\n'), 10_000, 'a line');
    await fetch(`${host.url}/api/agent-types?mark=1`);
    await until(() => seen.includes('"route":"/api/agent-types"'), 10_000, () => `the line of the request in ${seen}`);
    child.kill('SIGTERM');
  });
});

describe('wrong words', () => {
  for (const [words, why] of [
    [['devices', 'rvoke', 'x'], 'unknown command: rvoke (did you mean revoke?)'], [['devices', 'revoke'], 'ID is missing'],
    [['pair', 'x'], 'unexpected argument: x'], [['pair', '--list', '--revoke', 'x'], '--list and --revoke do not go together'],
    [['approvals', 'deny', 'x', '--always'], '--always goes with allow'], [['sessions', '--limit', '0'], '--limit is a number of 1 to 1000'],
    [['sessions', 'show'], 'KEY is missing'], [['logs', '-n', 'x'], '-n is a number of 1 to 1000'], [['config', 'unst', 'x'], 'unknown command: unst (did you mean unset?)'],
    [['config', 'set', 'x'], 'VALUE is missing'], [['completion', 'tcsh'], 'SHELL is bash, zsh or fish, not tcsh'],
  ]) {
    it(`are refused with 2: ${words.join(' ')}`, async () => {
      const { code, out, err } = await human(words);
      assert.deepEqual([code, out, err.split('\n')[0]], [2, '', `human ${words[0]}: ${why}`]);
    });
  }

  it('are not the problem when no server runs: commands say how to start one', async () => {
    const { code, err } = await human(['devices'], { env: { HUMAN_HOME: path.join(home, 'none') } });
    assert.equal(code, 1);
    assert.match(err, /^human devices: no server of .* runs .*`human gateway` starts one/);
  });
});
