// spec/e2e/rules.test.mjs -- an operator edits a rule and sees what it would have decided.
// A real server records decisions of real chats; `human rules replay` joins its database.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, sarah, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const SHIPPED = path.join(root, 'scripts/agent/rules');
const KEY = 'sk-abcdefghijklmnop1234';
let host, model, user, agent, gen;
const open = [];
const work = makeHome(); // for edited files

/** `human rules ARGS`: {code, out, err}. */
const rules = (args, env = {}) => new Promise((resolve) => {
  const settings = { ...process.env, DATABASE_URL: '', HUMAN_HOME: host?.home, HUMAN_CONFIG: '/dev/null',
    HUMAN_SCRIPTS: path.join(root, 'scripts'), HUMAN_LOG_LEVEL: 'error', ...env };
  execFile(BINARY, ['rules', ...args], { env: settings, timeout: 60_000, maxBuffer: 16e6 }, (error, out, err) => {
    resolve({ code: error ? error.code : 0, out, err });
  });
});

/** A copy of a shipped rule with one text replaced by another; its path. */
function edited(name, from, to, as = name) {
  const text = fs.readFileSync(path.join(SHIPPED, name), 'utf8');
  assert.ok(text.includes(from), from);
  const file = path.join(work, as);
  fs.writeFileSync(file, text.replace(from, to));
  return file;
}

const ben = { id: 'u2', nickname: 'Ben' };
const joined = (...people) => ({ type: 'agent-joined', content: { chatCode: 'gym', participants: people } });
const decisions = (where = 'true') => sql(host.home, `select rule || ' ' || verdict from rule_decisions where ${where} order by id`);

async function chat(people, ...texts) {
  const made = await makeAgent(host.url, user);
  const socket = await connected(host.url, made.id, user.key);
  open.push(socket);
  await send(socket, joined(...people));
  for (const text of texts) {
    const from = socket.actions.length;
    await send(socket, newMessage(text));
    await run(socket, from);
  }
  return { made, socket };
}

before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_WORKERS: '1' } });
  user = await makeUser(host.url);
  gen = (await fetch(`${host.url}/health`)).headers.get('x-gen');
  const first = await chat([sarah], 'I struggle to stay motivated', `my key is ${KEY}`);
  agent = first.made;
  assert.deepEqual(outline(first.socket.actions.slice(0, 3)), NORMAL);
  await chat([sarah, ben], 'what a game yesterday', 'Alex, any tips for sleep');
});
after(async () => {
  for (const socket of open) socket.disconnect();
  await host?.stop();
  await model?.close();
});

describe('a decision', () => {
  it('is recorded with its rule, inputs, verdict, run and bundle', async () => {
    assert.deepEqual(await decisions(`subject = '${agent.id}' and verdict not in ('silent nothing-said', 'false')`), [
      ...Array(2).fill(['agent.rules.respond.decide speak one-to-one',
        'agent.rules.safety.may_say ok', 'agent.rules.tool_use.check ok']).flat()]);
    assert.deepEqual(await sql(host.home, 'select distinct bundle from rule_decisions'), [gen]);
    const orphans = `select count(*) from rule_decisions d where ref is not null and not exists (select 1 from agent_runs r where r.id = d.ref)`;
    assert.deepEqual(await sql(host.home, orphans), ['0']);
    const [inputs] = await sql(host.home, `select inputs from rule_decisions where verdict = 'speak one-to-one' order by id limit 1`);
    const [facts] = JSON.parse(inputs);
    assert.equal(facts.messages[0].text, 'i struggle to stay motivated');
    assert.equal(facts.status, 'active');
  });

  it('about a group says what it went by', async () => {
    const [inputs] = await sql(host.home, `select inputs from rule_decisions where verdict = 'speak addressed'`);
    const [facts] = JSON.parse(inputs);
    assert.deepEqual(facts.nicknames.sort(), ['Ben', 'Sarah']);
    assert.equal(facts.called[0], 'Coach Alex');
    assert.match(facts.prompt, /Talk about cardio/);
  });

  it('keeps no secret', async () => {
    assert.deepEqual(await sql(host.home, `select count(*) from rule_decisions where inputs::text like '%${KEY}%'`), ['0']);
    const masked = `select count(*) > 0 from rule_decisions where inputs::text like '%my key is sk-[redacted]%'`;
    assert.deepEqual(await sql(host.home, masked), ['t']);
  });

  it('is counted', async () => {
    const text = await (await fetch(`${host.url}/metrics`)).text();
    assert.match(text, /human_rule_decisions_total\{rule="agent.rules.respond.decide",verdict="speak one-to-one"\} 2/);
  });

  it('goes when the agent goes that it is about', async () => {
    const { made } = await chat([sarah], 'hello');
    assert.notDeepEqual(await decisions(`subject = '${made.id}'`), []);
    assert.equal((await user.api('DELETE', `/api/agents/${made.id}`)).status, 204);
    await until(async () => (await decisions(`subject = '${made.id}'`)).length === 0, 5000, 'they are gone');
  });
});

describe('human rules replay', () => {
  it('finds that nothing changes when nothing was changed', async () => {
    const greeter = await makeAgent(host.url, user), socket = await connected(host.url, greeter.id, user.key);
    open.push(socket);
    await user.api('PUT', `/api/agents/${greeter.id}`, { settings: { greeting: 'Hi.', typing_ms_per_char: 1 } });
    await send(socket, joined(sarah));
    await run(socket);
    await send(socket, newMessage('Hello'));
    await run(socket, 0, 2);
    for (const name of fs.readdirSync(SHIPPED)) {
      if (['abilities.lua', 'bidding.lua'].includes(name)) continue; // asked elsewhere: agent_abilities, market_auto_bid
      const { code, out, err } = await rules(['replay', path.join(SHIPPED, name)]);
      assert.equal(code, 0, out + err);
      assert.match(out, /\n[1-9]\d* unchanged, 0 changed, 0 failed, 0 skipped\n/);
    }
  });

  it('shows what an edit would change, while the server runs', async () => {
    const file = edited('respond.lua', '{ action = "speak", reason = "one-to-one" }', '{ action = "silent", reason = "night" }');
    const { code, out, err } = await rules(['replay', file, '--sample', '1']);
    assert.equal(code, 3, err);
    assert.match(err, /note: a reload would refuse this: .*respond\.lua: example 1 \(decide\)/);
    const [head, counts] = out.split('\n');
    assert.match(head, /respond\.lua as agent\/rules\/respond\.lua: \d+ decisions$/);
    assert.match(counts, /^\d+ unchanged, 3 changed, 0 failed, 0 skipped$/);
    assert.match(out, /\nagent\.rules\.respond\.decide\n {7}3 {2}speak one-to-one -> silent night\n/);
    assert.match(out, /\n#\d+ {2}\d{4}-\d\d-\d\dT.*Z {2}agent\.rules\.respond\.decide {2}ref c\w+ {2}subject c\w+\n {4}asked {2}\[\{.*\n {4}said.*speak.*\n {4}now.*night/);
    assert.equal((await fetch(`${host.url}/ready`)).status, 200);
  });

  it('shows which facts the rule read, and what it read of lists', async () => {
    const said = (rule) => `function M.decide(facts)\n  if facts.own_in_row ~= nil then ${rule} end`;
    const look = async (rule) => {
      const { out, code } = await rules(['replay', edited('respond.lua', 'function M.decide(facts)', said(rule)), '--sample', '1000', '--json']);
      assert.equal(code, 3, out);
      return JSON.parse(out).sample.map((s) => Object.fromEntries(s.read.map((r) => [r.path, r.value])));
    };
    const [one] = await look('return silent("x" .. #facts.messages .. tostring(facts.typing_ms) .. tostring(facts.nothing))');
    assert.deepEqual(Object.keys(one), ['own_in_row', 'messages', 'typing_ms', 'nothing']);
    assert.deepEqual([one.messages.length, one.nothing], [1, null]);
    const texts = await look('local t = {} for i, m in ipairs(facts.messages) do t[i] = m.text end return silent(table.concat(t))');
    assert.ok(texts.some((r) => r['messages[1].text'] === 'i struggle to stay motivated'), JSON.stringify(texts));
    assert.ok(texts.every((r) => !('status' in r) && !r.messages?.length));
    const all = await look('local n = 0 for k in pairs(facts) do n = n + 1 end return silent("n" .. n)');
    assert.ok(all.every((r) => 'status' in r && 'others' in r), 'pairs has looked at all');
    const alike = await look('facts.others = 7 facts.mood = "x" return silent("x" .. facts.others .. facts.mood .. tostring(facts.messages[1] and next(facts.messages[1]) ~= nil))');
    assert.ok(alike.every((r) => !('others' in r) && !('mood' in r)), 'what it has written itself is no fact');
    const failing = await look('return facts.others.x.y');
    assert.ok(failing.every((r) => 'others' in r), 'also to fail');
    const text = (await rules(['replay', edited('respond.lua', 'function M.decide(facts)', said('return silent("y" .. facts.others)'))])).out;
    assert.match(text, /\n {4}read {3}own_in_row=0 others=\d+\n/);
  });

  it('shows names in one order, whoever wrote them', async () => {
    const file = edited('respond.lua', '{ action = "speak", reason = "one-to-one" }', '{ wait_ms = 2, reason = "night", action = "silent", emoji = "x" }');
    const once = (await rules(['replay', file])).out;
    assert.match(once, /\n {4}now {4}\{"action":"silent","reason":"night","emoji":"x","wait_ms":2\}\n/);
    assert.match(once, /\n {4}said {3}\{"action":"speak","reason":"one-to-one"\}\n/);
    for (let i = 0; i < 3; i += 1) assert.equal((await rules(['replay', file])).out, once);
  });

  it('finds an edit by its name among the overrides, and takes all of them without one', async () => {
    const own = path.join(work, 'mine'), env = { HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}` };
    const put = (name, from, to) => {
      fs.mkdirSync(path.join(own, 'agent/rules'), { recursive: true });
      fs.copyFileSync(edited(name, from, to), path.join(own, 'agent/rules', name));
    };
    put('limits.lua', 'text_chars = 16000', 'text_chars = 3');
    for (const name of ['limits.lua', 'limits', 'agent/rules/limits.lua', 'agent.rules.limits']) {
      const { code, out, err } = await rules(['replay', name], env);
      assert.equal(code, 3, err);
      assert.match(out, /^\S+mine\/agent\/rules\/limits\.lua as agent\/rules\/limits\.lua: \d+ decisions\n/);
      assert.match(out, /ok -> too-long/);
    }
    assert.match((await rules(['replay', 'respond.lua'], env)).err, /no file respond\.lua, and no edited rule of that name/);
    put('respond.lua', '{ action = "speak", reason = "one-to-one" }', '{ action = "silent", reason = "night" }');
    const { code, out } = await rules(['replay', '--json'], env);
    const report = JSON.parse(out);
    assert.equal(code, 3);
    assert.deepEqual(report.edits.map((e) => e.path), ['agent/rules/limits.lua', 'agent/rules/respond.lua']);
    assert.deepEqual(new Set(report.groups.map((g) => g.to)), new Set(['too-long', 'silent night']));
  });

  it('says the same as JSON', async () => {
    const file = edited('respond.lua', '{ action = "speak", reason = "one-to-one" }', '{ action = "silent", reason = "night" }');
    const { code, out } = await rules(['replay', '--json', file, '--since=1h', '--limit=1000']);
    const report = JSON.parse(out);
    assert.equal(code, 3);
    assert.deepEqual(report.groups, [{ rule: 'agent.rules.respond.decide', from: 'speak one-to-one', to: 'silent night', count: 3 }]);
    assert.equal(report.taken, report.examined);
    assert.equal(report.examined, report.unchanged + report.changed);
    assert.deepEqual(report.bundles, { [gen]: report.examined });
    assert.deepEqual(report.sample.map((s) => s.now), Array(3).fill({ action: 'silent', reason: 'night' }));
    assert.ok(report.sample[0].id > report.sample[1].id, 'newest first');
  });

  it('asks every rule that goes by a number again', async () => {
    const file = edited('limits.lua', 'text_chars = 16000', 'text_chars = 3', 'my-numbers.lua');
    const { code, out } = await rules(['replay', file, '--as', 'agent/rules/limits.lua', '--json']);
    const report = JSON.parse(out);
    assert.equal(code, 3);
    assert.deepEqual(report.rules.filter((rule) => !rule.endsWith('over_budget')), ['agent.rules.initiative.greet', 'agent.rules.pacing.pause_ms', 'agent.rules.respond.decide', 'agent.rules.safety.may_say']);
    assert.deepEqual(report.groups.map(({ count, ...g }) => g), [{ rule: 'agent.rules.safety.may_say', from: 'ok', to: 'too-long' }]);
  });

  it('takes a file that amends what it is going to override', async () => {
    const file = path.join(work, 'amended.lua');
    fs.writeFileSync(file, `local M = {}
      for k, v in pairs(require "shipped:agent.rules.limits") do M[k] = v end
      M.text_chars = 3
      return M`);
    const { code, out, err } = await rules(['replay', file, '--as', 'agent/rules/limits.lua', '--json']);
    assert.equal(code, 3, err);
    assert.deepEqual(JSON.parse(out).groups.map((g) => g.to), ['too-long']);
  });

  it('goes by --since and --limit', async () => {
    const file = path.join(SHIPPED, 'respond.lua');
    assert.equal(JSON.parse((await rules(['replay', file, '--limit', '1', '--json'])).out).examined, 1);
    assert.match((await rules(['replay', file, '--limit', '1'])).out, /--limit reached/);
    assert.match((await rules(['replay', file, '--since', '2999-01-01T00:00:00Z'])).out, /: 0 decisions since 2999/);
  });

  it('counts what the edited rule cannot answer', async () => {
    for (const [body, why] of [['while true do end', /used more than 200000 instructions/], ['return facts.nothing.here', /attempt to index/]]) {
      const file = edited('respond.lua', 'function M.decide(facts)', `function M.decide(facts)\n  do ${body} end`);
      const report = await rules(['replay', file, '--json']);
      assert.equal(report.code, 3);
      const { failed, examined, errors } = JSON.parse(report.out);
      assert.ok(failed === examined && failed > 0);
      assert.match(errors[0].message, why);
    }
    const renamed = await rules(['replay', edited('safety.lua', 'M.may_say', 'M.may_speak'), '--json']);
    assert.equal(renamed.code, 1);
    assert.match(renamed.err, /safety\.lua: there is no may_say/);
    await sql(host.home, `insert into rule_decisions (bundle, rule, verdict, inputs, complete, output)
      values ('0', 'agent.rules.safety.may_sing', 'ok', '[]', true, '"ok"')`);
    const gone = JSON.parse((await rules(['replay', path.join(SHIPPED, 'safety.lua'), '--json'])).out);
    await sql(host.home, `delete from rule_decisions where rule = 'agent.rules.safety.may_sing'`);
    assert.equal(gone.failed, 1);
    assert.match(gone.errors[0].message, /no function agent\.rules\.safety\.may_sing/);
  });

  it('refuses what it cannot use, and says why', async () => {
    const broken = edited('respond.lua', 'local M = {}', 'local M = {', 'respond.lua');
    const stranger = edited('safety.lua', 'local M = {}', 'local M = {}', 'stranger.lua');
    const good = path.join(SHIPPED, 'safety.lua');
    for (const [args, status, why] of [
      [['replay', broken], 1, /respond\.lua:\d+: /], [['replay', '/nowhere.lua'], 1, /there is no file \/nowhere\.lua, and no edited rule of that name/],
      [['replay', work], 1, /cannot read/], [['replay', stranger], 1, /stranger\.lua: say which with --as/],
      [['replay', path.join(root, 'scripts/agent/turn.lua')], 1, /no rule of the scripts/],
      [['replay', good, '--as', 'agent/turn.lua'], 1, /--as: the scripts have no rule agent\/turn\.lua/],
      [['replay', good, '--since', 'yesterday'], 2, /--since must be like .*not 'yesterday'/],
      [['replay', good, '--limit', '0'], 2, /--limit must be a whole number from 1/],
      [['replay', good, '--limit', '1e3'], 2, /--limit must be/], [['replay', good, '--since'], 2, /missing after --since/],
      [['replay', good, '--nope'], 2, /unknown flag: --nope/], [['replay'], 1, /no rule is edited in .*scripts/],
      [['replay', good, '--sinse', '1d'], 2, /did you mean --since/], [['replay', '--as', 'agent/rules/limits.lua'], 2, /--as goes with a FILE/],
      [['replay', good, good], 2, /unexpected argument: .*safety/], [['replai'], 2, /unknown command: replai .did you mean replay/], [[], 2, /^usage/],
      [['show', 'nope'], 1, /no rule file is called nope/], [['examples', 'nope'], 1, /no rule file/],
    ]) {
      const { code, out, err } = await rules(args);
      assert.equal(code, status, `${args}: ${out}${err}`);
      assert.match(err, why);
      assert.equal(out, '');
    }
    const away = await rules(['replay', good], { DATABASE_URL: 'postgresql://human@127.0.0.1:9/none' });
    assert.equal(away.code, 1);
    assert.match(away.err, /the database is not reachable/);
  });
});

describe('decisions that are older than decisions.keep_days', () => {
  it('are deleted, and nothing went wrong meanwhile', async () => {
    const old = `insert into rule_decisions (at, bundle, rule, verdict, inputs, complete, output)
      select now() - interval '31 days', 'b', 'spec.old', 'ok', '[]', true, '1' from generate_series(1, 1500)`;
    await sql(host.home, old);
    const [before] = await sql(host.home, `select count(*) from rule_decisions where rule <> 'spec.old'`);
    await sql(host.home, `update host_jobs set due_at = now() where name = 'agent.forget'`);
    assert.deepEqual(errors(host.log()), []);
    for (const socket of open) socket.disconnect();
    await host.stop();
    host = await startHost({ home: host.home, env: { ...model.env, HUMAN_WORKERS: '1' } });
    await until(async () => (await decisions(`rule = 'spec.old'`)).length === 0, 10_000, 'they are gone');
    assert.deepEqual(await sql(host.home, 'select count(*) from rule_decisions'), [before]);
  });
});

describe('human rules', () => {
  const without = { HUMAN_HOME: path.join(work, 'none') };

  it('lists what there is to turn, without a database', async () => {
    const { code, out } = await rules(['list'], without);
    assert.equal(code, 0);
    assert.match(out, /(?:^|\n)agent\/rules\/limits\.lua {2}\(agent\.rules\.limits, version \d+, \d+ examples\)/);
    assert.match(out, /\n {4}typing_wait_ms +8000 +all waits for one answer together\n/);
    const list = JSON.parse((await rules(['list', '--json'], without)).out);
    const shipped = ['agent', 'gateway', 'marketplace'].flatMap((area) => fs.readdirSync(path.join(root, 'scripts', area, 'rules')).sort().map((f) => `${area}/rules/${f}`));
    assert.deepEqual(list.map((f) => f.path), shipped);
    for (const f of list) assert.ok(f.version && f.purpose && (f.examples > 0 && f.functions.length > 0 || f.numbers.length > 0), f.path);
    assert.ok(!fs.existsSync(without.HUMAN_HOME));
  });

  it('shows a rule', async () => {
    for (const name of ['safety', 'agent.rules.safety', 'agent/rules/safety.lua']) {
      const { code, out } = await rules(['show', name], without);
      assert.equal(code, 0);
      assert.ok(out.endsWith(fs.readFileSync(path.join(SHIPPED, 'safety.lua'), 'utf8')));
    }
  });

  it('runs examples', async () => {
    const { code, out } = await rules(['examples', 'tool_use'], without);
    assert.equal(code, 0);
    assert.match(out, /^ok {5}agent\/rules\/tool_use\.lua example 1 \(check\)\n[\s\S]*\n\d+ ok, 0 failed\n$/);
    const tree = path.join(work, 'tree/agent/rules');
    fs.mkdirSync(tree, { recursive: true });
    fs.copyFileSync(edited('safety.lua', 'facts.chars == 0', 'facts.chars == 1'), path.join(tree, 'safety.lua'));
    const failing = await rules(['examples'], { ...without, HUMAN_SCRIPTS: `${path.join(work, 'tree')}:${path.join(root, 'scripts')}` });
    assert.equal(failing.code, 1);
    assert.match(failing.out, /failed agent\/rules\/safety\.lua example 1 \(may_say\): expected ok, got empty/);
  });
});
