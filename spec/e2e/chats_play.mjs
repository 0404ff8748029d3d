// spec/e2e/chats_play.mjs -- plays spec/chats and shows the answers: `make chats` with a scripted model,
// `make judge` with a small real one.
// `make chats` leaves its home in build/chats: to see what an edited rule would have decided for all these lines, run
//   HUMAN_HOME=build/chats build/human rules replay respond.lua
// CHATS: an expression, of the chats to play; CHATS_SCRIPTS: trees of scripts, as an operator's own before the shipped.
import fs from 'node:fs';
import path from 'node:path';
import { startModel } from './agent_model.mjs';
import { makeStage, openRoom, playAll, readChats, startChatHost } from './chats.mjs';
import { startSmallModel } from './small_model.mjs';
import { root } from './support.mjs';

const HOME = path.join(root, 'build/chats');
const only = process.env.CHATS ? new RegExp(process.env.CHATS) : /./;
const chats = readChats().filter((c) => only.test(`${c.file} ${c.name}`));

async function scripted() {
  fs.rmSync(HOME, { recursive: true, force: true });
  fs.mkdirSync(HOME, { recursive: true, mode: 0o711 });
  const model = await startModel(), host = await startChatHost(model.env, { home: HOME });
  const stage = await makeStage(host, model);
  const results = await playAll(stage, chats), bad = results.filter((r) => r.problems.length > 0);
  for (const { problems } of bad) console.log(`${problems.join('\n')}\n`);
  console.log(`${results.length - bad.length} of ${results.length} chats as they should be`);
  console.log('\nHUMAN_HOME=build/chats build/human rules replay respond.lua   # what an edit would have decided');
  stage.db.close();
  await host.stop();
  await model.close();
  return bad.length === 0;
}

const cut = (text, n) => { const one = text.replace(/\s+/g, ' '); return one.length > n ? `${one.slice(0, n - 1)}…` : one; };
const percent = (n, of) => (of === 0 ? '-' : `${Math.round((100 * n) / of)} %`);

// One chat: [lines with an answer that should have one, such lines, silent lines that should be, such lines, words].
async function judged(stage, chat) {
  const room = await openRoom(stage, { ...chat, model: undefined,
    agents: (chat.agents ?? [chat.agent ?? {}]).map((a) => ({ ...a, model: undefined, settings: { max_tokens: 48, ...a.settings } })) });
  const score = { answered: 0, asked: 0, silent: 0, others: 0, words: '' };
  for (const raw of chat.lines) {
    const line = room.read(raw);
    const said = (await room.play(raw)).filter((a) => a.type === 'send-message' || a.type === 'send-reply');
    if (line.want === 'answer') score.asked += 1;
    if (line.want === 'answer' && said.length === 1) score.answered += 1;
    if (line.want === 'silence') score.others += 1;
    if (line.want === 'silence' && said.length === 0) score.silent += 1;
    score.words = said.at(-1)?.text ?? score.words;
  }
  room.close();
  return score;
}

async function judge() {
  const model = await startSmallModel(), host = await startChatHost(model.env);
  const stage = await makeStage(host);
  stage.real = true;
  const sum = { answered: 0, asked: 0, silent: 0, others: 0 };
  console.log(`${'chat'.padEnd(64)} answers  silence      s  last words`);
  for (const chat of chats) {
    const began = Date.now();
    const score = await judged(stage, chat).catch((e) => ({ answered: 0, asked: 0, silent: 0, others: 0, words: e.message }));
    for (const k of Object.keys(sum)) sum[k] += score[k];
    console.log(`${cut(chat.name, 64).padEnd(64)} ${`${score.answered}/${score.asked}`.padStart(7)}  ${`${score.silent}/${score.others}`.padStart(7)} ${
      ((Date.now() - began) / 1000).toFixed(1).padStart(6)}  ${cut(score.words, 60)}`);
  }
  console.log(`\n${chats.length} chats; answered: ${percent(sum.answered, sum.asked)} of what was asked, silent: ${percent(sum.silent, sum.others)} of where it should be`);
  stage.db.close();
  await host.stop();
  await model.stop();
  return true;
}

process.exitCode = (await (process.argv[2] === 'judge' ? judge() : scripted())) ? 0 : 1;
