// spec/e2e/gateway_scripts.test.mjs -- scripts.* of the control protocol: reading, trying, saving, reloading and bringing
// back scripts; who may; and what a bad draft cannot do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { makeHome, startHost } from './hosts.mjs';

const TOKEN = 'the-token-of-scripts', RULE = 'agent/rules/limits.lua', PLAIN = 'gateway/commands.lua';
let host, operator, own;

before(async () => {
  own = path.join(makeHome(), 'own');
  fs.mkdirSync(own, { recursive: true });
  host = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_SCRIPTS: `${own}:${path.resolve('scripts')}` } });
  operator = await open(host, { token: TOKEN });
});
after(async () => {
  operator?.ws.close();
  assert.equal((await host.stop()).code, 0);
});

/** A call that takes longer than most: it waits for a process. */
async function call(method, params, socket = operator) {
  const id = `s${Math.random()}`;
  socket.say({ type: 'req', id, method, params });
  const answer = await socket.next((f) => f.type === 'res' && f.id === id, 70_000);
  assert.ok(answer, method);
  return answer.ok ? answer.payload : { error: answer.error };
}
const read = (name) => call('scripts.read', { path: name });

describe('scripts', () => {
  it('are listed and read, with what they override', async () => {
    const list = await call('scripts.list');
    assert.equal(list.directory, own);
    assert.equal(list.may_edit, true);
    const rule = list.files.find((f) => f.path === RULE);
    assert.deepEqual([rule.state, rule.is_rule, rule.area, rule.pending], ['shipped', true, 'agent', undefined]);
    const one = await read(RULE);
    assert.equal(one.text, fs.readFileSync(`scripts/${RULE}`, 'utf8'));
    assert.equal(one.shipped, one.text);
    assert.equal((await read('agent/rules/none.lua')).error.reason, 'script_not_found');
  });

  it('have paths in the tree alone', async () => {
    fs.symlinkSync('/etc', path.join(own, 'etc'));
    for (const name of ['../../etc/passwd', '/etc/passwd.lua', 'agent/../../x.lua', 'agent//x.lua', '.base/x.lua', 'a.sql', 'a_spec.lua']) {
      assert.equal((await read(name)).error.reason, 'script_not_found', name);
      assert.equal((await call('scripts.check', { path: name, text: '' })).error.reason, 'script_path', name);
      assert.equal((await call('scripts.save', { path: name, text: 'return {}', hash: '' })).error.reason, 'script_path', name);
    }
    assert.match((await call('scripts.save', { path: 'etc/x.lua', text: 'return {}', hash: '' })).error.reason, /^script/);
    fs.unlinkSync(path.join(own, 'etc'));
  });

  it('are tried: a problem has its file and line, and a rule its examples; nothing is written', async () => {
    const { text } = await read(RULE);
    const good = await call('scripts.check', { path: RULE, text });
    assert.deepEqual([good.ok, good.problems], [true, []]);
    assert.ok(good.examples.length > 3 && good.examples.every((e) => e.same && e.line > 1));
    const broken = await call('scripts.check', { path: RULE, text: text.replace('text_chars = 16000', 'text_chars =') });
    const line = text.split('\n').findIndex((l) => l.includes('text_chars = 16000')) + 1;
    assert.deepEqual([broken.ok, broken.problems[0].path, broken.problems[0].line], [false, RULE, line]);
    const wrong = await call('scripts.examples', { path: RULE, text: text.replace('runs = M.runs_per_hour, tokens = 0 }, expect = true', 'runs = M.runs_per_hour, tokens = 0 }, expect = false') });
    const red = wrong.examples.filter((e) => !e.same);
    assert.deepEqual(red.map((e) => [e.fn, e.expected, e.got]), [['over_budget', 'false', 'true']]);
    assert.match(wrong.problems[0].message, /^example \d+ \(over_budget\): expected false, got true/);
    const plain = await read(PLAIN);
    assert.match((await call('scripts.check', { path: PLAIN, text: `${plain.text}\nnonsense = 1` })).problems[0].message, /nonsense|expected|eof/);
    assert.deepEqual(fs.readdirSync(own), []);
  });

  it('are texts of at most 256 KB, and drafts wait for each other', async () => { // limit: script text, limit: drafts aside
    const { text } = await read(RULE);
    assert.equal((await call('scripts.check', { path: RULE, text: `${text}--${'x'.repeat(262_144)}` })).error.code, 'INVALID_PARAMS');
    const all = await Promise.all([1, 2, 3, 4].map(() => call('scripts.check', { path: RULE, text })));
    assert.deepEqual(all.map((found) => found.ok), [true, true, true, true]);
  });

  it('that are drafts and never end cost the server nothing but a while', async () => {
    const endless = call('scripts.check', { path: 'agent/endless.lua', text: 'while true do end\nreturn {}' });
    assert.equal((await operator.call('health')).payload.status, 'ok');
    const { ok, problems } = await endless;
    assert.equal(ok, false);
    assert.equal(problems[0].path, 'agent/endless.lua');
    assert.match(problems[0].message, /took longer|did not come to an end/);
  });

  it('are saved if they load and nobody was faster, put in force with the vote of each worker, and brought back', async () => {
    const first = (await call('scripts.history')).bundles[0];
    const { text, hash } = await read(RULE);
    const edited = text.replace('text_chars = 16000', 'text_chars = 4');
    assert.equal((await call('scripts.save', { path: RULE, text: 'no Lua', hash })).error.reason, 'script_refused');
    const saved = await call('scripts.save', { path: RULE, text: edited, hash });
    assert.deepEqual([saved.state, saved.pending, saved.text, saved.shipped], ['overridden', 'changed', edited, text]);
    const onDisk = fs.readFileSync(path.join(own, RULE), 'utf8');
    const base = /^--% base: ([0-9a-f]{64})\n/.exec(onDisk)[1];
    assert.equal(fs.readFileSync(path.join(own, '.base', base), 'utf8'), text);
    assert.equal((await call('scripts.save', { path: RULE, text: `${edited}-- late`, hash })).error.reason, 'script_conflict');
    await operator.next((f) => f.event === 'scripts.changed' && f.payload.action === 'save' && f.payload.path === RULE);
    const verdict = await call('scripts.reload');
    assert.equal(verdict.ok, true, verdict.text);
    assert.deepEqual(verdict.votes.map((v) => [v.worker, v.vote]), [[0, 'yes'], [1, 'yes']]);
    assert.equal((await read(RULE)).pending, undefined);
    const { bundles, changes } = await call('scripts.history');
    assert.deepEqual([bundles[0].is_current, bundles[0].actor, bundles[0].changes], [true, 'operator', [{ path: RULE, what: 'added' }]]);
    assert.deepEqual(changes.slice(0, 2).map((c) => [c.action, c.path, c.state, c.address]), [['reload', null, 'done', '127.0.0.1'], ['save', RULE, 'done', '127.0.0.1']]);
    const back = await call('scripts.rollback', { id: first.id });
    assert.deepEqual([back.ok, back.changed], [true, [RULE]]);
    assert.equal(fs.existsSync(path.join(own, RULE)), false);
    assert.equal((await read(RULE)).state, 'shipped');
    const again = await call('scripts.rollback', { id: bundles[0].id });
    assert.deepEqual([again.ok, (await read(RULE)).text], [true, edited]);
    assert.equal(fs.readFileSync(path.join(own, RULE), 'utf8'), onDisk);
    assert.equal((await call('scripts.remove', { path: RULE, hash })).error.reason, 'script_conflict');
    assert.equal((await call('scripts.remove', { path: RULE, hash: (await read(RULE)).hash })).removed, true);
    assert.equal((await read(RULE)).pending, 'changed');
    assert.equal((await call('scripts.reload')).ok, true);
    assert.equal((await call('scripts.rollback', { id: 999_999 })).error.reason, 'bundle_not_found');
  });

  it('that are rules are asked about what has been decided', async () => {
    await operator.call('chat.send', { message: 'hello there' });
    await operator.next((f) => f.event === 'chat' && f.payload.state === 'sent');
    const { text } = await read('gateway/rules/sessions.lua');
    const { report, problem } = await call('scripts.replay', { path: 'gateway/rules/sessions.lua', text });
    assert.equal(problem, undefined);
    assert.deepEqual([report.changed, report.failed], [0, 0]);
    const broken = await call('scripts.replay', { path: 'gateway/rules/sessions.lua', text: 'return' });
    assert.equal(broken.problem.path, 'gateway/rules/sessions.lua');
  });

  it('are not changed by who is elsewhere, as long as the operator has not said so', async () => {
    const elsewhere = await open(host, { token: TOKEN, headers: { 'x-forwarded-for': '203.0.113.7' } });
    const list = await call('scripts.list', {}, elsewhere);
    assert.equal(list.may_edit, false);
    assert.match(list.why_not, /server's own machine/);
    for (const [method, params] of [['check', { path: RULE, text: '' }], ['examples', { path: RULE, text: '' }], ['replay', { path: RULE, text: '' }],
      ['save', { path: RULE, text: '', hash: '' }], ['remove', { path: RULE, hash: '' }], ['reload', {}], ['rollback', { id: 1 }]]) {
      assert.equal((await call(`scripts.${method}`, params, elsewhere)).error.reason, 'scripts_forbidden', method);
    }
    elsewhere.ws.close();
  });
});
