// spec/e2e/chats.test.mjs -- the agent among people: every chat of spec/chats with a scripted model, and offline.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startModel } from './agent_model.mjs';
import { makeStage, playAll, playChat, readChats, startChatHost } from './chats.mjs';
import { BINARY, makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const only = process.env.CHATS ? new RegExp(process.env.CHATS) : /./;
const chats = readChats().filter((c) => only.test(`${c.file} ${c.name}`));
const open = [];
after(async () => { for (const one of open.reverse()) await one(); });

async function stageOf(model) {
  const host = await startChatHost(model?.env);
  open.push(() => host.stop());
  const stage = await makeStage(host, model);
  open.push(() => stage.db.close());
  return stage;
}

describe('chats', () => {
  it('are at least forty, in ten languages', () => {
    if (process.env.CHATS) return;
    assert.ok(chats.length >= 40, `${chats.length}`);
    assert.ok(new Set(chats.map((c) => c.lang)).size >= 10);
    assert.equal(new Set(chats.map((c) => c.name)).size, chats.length);
  });
});

describe('with a model', () => {
  let results = [], stage;
  before(async () => {
    const model = await startModel();
    open.push(() => model.close());
    stage = await stageOf(model);
    results = await playAll(stage, chats);
  });
  for (const chat of chats) {
    it(chat.name, () => {
      const { problems } = results.find((r) => r.chat === chat);
      assert.equal(problems.length, 0, problems.join('\n'));
    });
  }

  it('a chat that goes wrong shows who said what, and why the agent did what it did', async () => {
    const [problem] = await playChat(stage, { file: 'x.lua', name: 'wrong', lines: [['Ben', 'hello all', 'silence'], ['Sarah', 'Alex, what helps?', 'silence']] });
    assert.match(problem, /^x\.lua: wrong\n {2}Ben: hello all\n[^]* {2}Sarah: Alex, what helps\?\n {4}Coach Alex send-message: .*\n {4}\[.*speak addressed\]\n {4}=> should have been silent/);
  });

  it('an edit of the rules is tried on all of them by replay', () => {
    const text = fs.readFileSync(path.join(process.env.CHATS_SCRIPTS ?? path.join(root, 'scripts'), 'agent/rules/respond.lua'), 'utf8');
    const edit = path.join(makeHome(), 'respond.lua');
    fs.writeFileSync(edit, text.replace('function M.decide(facts)', 'function M.decide(facts)\n  if facts.others > 1 then return { action = "silent", reason = "groups-are-not-for-me" } end'));
    const { stdout, status } = spawnSync(BINARY, ['rules', 'replay', edit], { encoding: 'utf8', env: { ...process.env, DATABASE_URL: '',
      HUMAN_HOME: stage.host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: stage.host.scripts, HUMAN_LOG_LEVEL: 'error' } });
    assert.equal(status, 3, stdout);
    assert.match(stdout, /\d+ {2}speak addressed -> silent groups-are-not-for-me/);
  });
});

describe('without a model', () => {
  it('nothing is said that should not be', async () => {
    const results = await playAll(await stageOf(), chats.filter((c) => !c.model));
    assert.deepEqual(results.flatMap((r) => r.problems), []);
  });
});
