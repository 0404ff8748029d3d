// spec/e2e/rule_failures.test.mjs -- a rule that fails ends neither the turn nor the agent.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { root } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const SHIPPED = path.join(root, 'scripts');
const RESPOND = 'agent/rules/respond.lua';
// Whoever says these words meets a rule that breaks, spins, or answers what nobody can carry out.
const BROKEN = `
local decide = M.decide
function M.decide(facts)
  local m = facts.messages[1]
  local text = m and m.text or ""
  if text:find("break", 1, true) then return m.nothing.here end
  if text:find("spin", 1, true) then while true do end end
  if text:find("fraction", 1, true) then return { action = "wait", reason = "x", wait_ms = 0.5 } end
  if text:find("shout", 1, true) then return { action = "shout", reason = "x" } end
  return decide(facts)
end
M.examples =`;
const WORDS = ['break', 'spin', 'fraction', 'shout'];
let model;
const running = [];

async function served(scripts) {
  const host = await startHost({ env: { ...model.env, HUMAN_WORKERS: '1', HUMAN_SCRIPTS: scripts } });
  running.push(host);
  const user = await makeUser(host.url);
  const agent = await makeAgent(host.url, user);
  const socket = await connected(host.url, agent.id, user.key);
  running.push({ stop: () => socket.disconnect() });
  const say = async (text) => {
    const from = socket.actions.length;
    await send(socket, newMessage(text));
    return outline(await run(socket, from));
  };
  const decided = () => sql(host.home, `select verdict || coalesce(' ' || (output->>'by'), '') from rule_decisions
    where rule = 'agent.rules.respond.decide' order by id`);
  return { host, say, decided };
}

function broken(file) {
  const text = fs.readFileSync(path.join(SHIPPED, RESPOND), 'utf8');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text.replace('\nM.examples =', BROKEN));
}

before(async () => { model = await startModel(); });
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await model?.close();
});

describe('when agent.rules.respond fails', () => {
  it('and nothing is behind it, the agent leaves that message alone and answers the next one', async () => {
    const tree = path.join(makeHome(), 'scripts');
    fs.cpSync(SHIPPED, tree, { recursive: true });
    broken(path.join(tree, RESPOND));
    const { host, say, decided } = await served(tree);
    for (const word of WORDS) assert.deepEqual(await say(`will you ${word} it for me?`), ['agent-stopped:no-response'], word);
    assert.deepEqual(await say('how do you do today?'), NORMAL);
    assert.deepEqual(await decided(), [...WORDS.map(() => 'failed fallback'), 'speak one-to-one']);
    const log = errors(host.log()).map((line) => JSON.parse(line)).filter((e) => e.msg === 'rule failed');
    assert.equal(log.length, WORDS.length);
    for (const entry of log) assert.match(entry.error, /agent\/rules\/respond\.lua:\d+: /);
    const metrics = await (await fetch(`${host.url}/metrics`)).text();
    assert.match(metrics, /human_rule_failures_total\{rule="agent\.rules\.respond\.decide"\} 4/);
    assert.match(metrics, /human_rule_decisions_total\{rule="agent\.rules\.respond\.decide",verdict="failed"\} 4/);
    // A rule that does not fail is tried on the same events.
    const replay = (file) => {
      try {
        return execFileSync(BINARY, ['rules', 'replay', file], { encoding: 'utf8', env: { ...process.env, DATABASE_URL: '',
          HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: SHIPPED, HUMAN_LOG_LEVEL: 'error' } });
      } catch (e) { return e.stdout; }
    };
    assert.match(replay(path.join(SHIPPED, RESPOND)), /4 {2}failed -> speak one-to-one/);
    assert.match(replay(path.join(tree, RESPOND)), /1 unchanged, 0 changed, 4 failed[^]*its answer\.wait_ms must be a whole number/);
  });

  it('and it is an operator\'s, the shipped one answers', async () => {
    const own = path.join(makeHome(), 'scripts');
    broken(path.join(own, RESPOND));
    const { say, decided } = await served(`${own}:${SHIPPED}`);
    for (const word of WORDS) assert.deepEqual(await say(`will you ${word} it for me?`), NORMAL, word);
    assert.deepEqual(await decided(), WORDS.map(() => 'failed shipped'));
  });
});
