// spec/e2e/chats.mjs -- plays the chats of spec/chats with real agents and reports wrong answers.
// A chat is data: who says what, when, and whether the agent may, must or must not react.  Events go over Socket.IO;
// the agents' actions are read from their logs.  Pauses do not sleep: to let time pass for an agent, all times in
// its rows are moved into the past.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { connected, humaType, makeUser, send } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const CHATS = path.join(root, 'spec/chats');
const SETTLE_MS = 60_000, ECHOES_MAX = 12; // a real model takes its time on a busy machine
const PROMPT = 'You are a fitness coach in a group chat. You know about cardio, protein, sleep and sore muscles. Answer briefly.';

/** All chats of the tree, or of another directory: [{file, name, lang, people, agents, lines, ..}]. */
export function readChats(dir = CHATS) {
  const dump = 'local c = require "cjson" c.encode_sparse_array(true) local l = dofile(arg[1]) print(c.encode(l))';
  return fs.readdirSync(dir).filter((f) => f.endsWith('.lua')).sort().flatMap((file) => {
    const text = execFileSync('luajit', ['-e', `arg = { ${JSON.stringify(path.join(dir, file))} } ${dump}`], { encoding: 'utf8' });
    return JSON.parse(text).map((chat) => ({ ...chat, file }));
  });
}

// Moves all that is known of an agent's time `ms` into the past.
const PASSES = `create or replace function pg_temp.passes(agent text, ms float8) returns void language plpgsql as $$
  declare t record;
  begin
    for t in select c.table_name, string_agg(format('%1$I = %1$I - $2', c.column_name), ', ') as sets
        from information_schema.columns c where c.table_schema = 'public' and c.data_type = 'timestamp with time zone'
          and exists (select 1 from information_schema.columns k join information_schema.tables b using (table_schema, table_name)
            where k.table_schema = 'public' and k.table_name = c.table_name and k.column_name = 'agent_id' and b.table_type = 'BASE TABLE')
        group by 1 loop
      execute format('update public.%I set %s where agent_id = $1', t.table_name, t.sets) using agent, ms * interval '1 ms';
    end loop;
  end $$`;

/** A session with the database of a home: ask(statement) gives rows of columns. */
export async function openDatabase(home) {
  const child = spawn('psql', ['-h', `${home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq', '-F', '\t'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  let rows = [];
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === '---end') {
      waiting.shift()(rows);
      rows = [];
    } else rows.push(line.split('\t'));
  });
  const ask = (statement) => new Promise((resolve) => {
    waiting.push(resolve);
    child.stdin.write(`${statement.replaceAll('\n', ' ')};\n\\echo ---end\n`);
  });
  await ask(PASSES);
  return { ask, close: () => child.stdin.end() };
}

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** A host to play chats on; CHATS_SCRIPTS are trees of scripts to play them with, instead of the shipped one. */
export const startChatHost = (env, more) => startHost({ env: { HUMAN_WORKERS: '2', ...env,
  ...(process.env.CHATS_SCRIPTS && { HUMAN_SCRIPTS: process.env.CHATS_SCRIPTS }) }, ...more });

/** Who plays chats on a host: its user, its database, and the model that says what a chat wants (or none). */
export async function makeStage(host, model) {
  const stage = { host, model, user: await makeUser(host.url), db: await openDatabase(host.home), type: await humaType(host.url),
    scripts: new Map(), played: 0 };
  if (model) {
    model.answer = (texts, body) => {
      const script = stage.scripts.get(/\bchat-\d+-\d+\b/.exec(JSON.stringify(texts[0]))?.[0]);
      if (!script) return { text: 'Nobody knows this chat.' };
      script.asked += 1;
      script.heard = body.messages;
      const said = script.says[script.asked - 1] ?? `This is answer number ${script.asked} of ${script.name}.`;
      return typeof said === 'string' ? { text: said } : said;
    };
  }
  return stage;
}

class Room {
  constructor(stage, chat) {
    Object.assign(this, { stage, chat, agents: [], problems: [], transcript: [], labels: {}, number: (stage.played += 1), sent: 0 });
  }

  async open() {
    const { stage, chat } = this;
    for (const [i, wanted] of (chat.agents ?? [chat.agent ?? {}]).entries()) {
      const name = wanted.name ?? 'Coach Alex', key = `chat-${this.number}-${i}`;
      const api = async (method, where, body) => {
        const answer = await stage.user.api(method, where, body);
        if (answer.status >= 300) throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
      };
      const personality = await api('POST', '/api/personalities', { personalityId: key, name, styleInstructions: 'Warm.' });
      const prompt = await api('POST', '/api/system-prompts', { name: key, promptType: 'system', template: `${wanted.prompt ?? PROMPT} (${key})` });
      const agent = await api('POST', '/api/agents', { name: `${name} - ${key}`, agentTypeId: stage.type, settings: wanted.settings });
      await api('PUT', `/api/agents/${agent.id}/state`, { personalityId: personality.id, systemPromptId: prompt.id });
      const script = { asked: 0, heard: [], name, says: wanted.model ?? chat.model ?? [] };
      stage.scripts.set(key, script);
      const socket = await connected(stage.host.url, agent.id, stage.user.key);
      this.agents.push({ id: agent.id, name, socket, script, pos: 0, decided: 0, relay: wanted.relay, echo: wanted.echo ?? chat.echo });
    }
    const participants = Object.values(chat.people ?? ['Sarah', 'Ben', 'Mia']).map((p) => this.person(p));
    for (const agent of this.agents) {
      const others = this.agents.filter((a) => a !== agent && a.relay?.introduced).map((a) => a.relay.participant ?? { id: a.id, nickname: a.name, isAgent: true });
      const selves = chat.introduce ?? [];
      await this.tell(agent, { type: 'agent-joined', content: { chatCode: `room-${this.number}`, participants: [...participants, ...others, ...selves] } });
    }
    await this.settle();
    return this;
  }

  /** What is wrong, with all that was said up to there: the first time. */
  complain(what) {
    this.transcript.push(`    => ${what}`);
    if (this.problems.length === 0) this.problems.push('');
    this.problems[0] = `${this.chat.file}: ${this.chat.name}\n${this.transcript.join('\n')}`;
  }

  close() { for (const { socket } of this.agents) socket.disconnect(); }

  person(who) { return typeof who === 'string' ? { id: `u-${who.toLowerCase()}`, nickname: who } : who; }

  async tell(agent, event) {
    const ack = await send(agent.socket, event);
    if (ack?.error) throw new Error(`${event.type} was refused: ${JSON.stringify(ack)}`);
  }

  async everybody(event) { for (const agent of this.agents) await this.tell(agent, event); }

  message(participant, content, more = {}) {
    this.sent += 1;
    return { type: 'new-message', content: { message: { id: `m-${this.number}-${this.sent}`, content, participant,
      createdAt: new Date().toISOString(), ...more } } };
  }

  ids() { return this.agents.map((a) => quoted(a.id)).join(','); }

  async idle() {
    const [[busy]] = await this.stage.db.ask(`select count(*) from agent_mailboxes where agent_id in (${this.ids()})
      and (last_in_pos > processed_pos or lease_owner is not null)`);
    return busy === '0';
  }

  /** What the agents did since the last look: [{agent, type, text, id}]. */
  async news() {
    const done = [];
    for (const agent of this.agents) {
      const rows = await this.stage.db.ask(`select pos, type, id, replace(content::text, E'\\t', ' ') from agent_events
        where agent_id = ${quoted(agent.id)} and direction = 'out' and pos > ${agent.pos} order by pos`);
      for (const [pos, type, id, json] of rows) {
        agent.pos = Number(pos);
        const content = JSON.parse(json);
        if (type !== 'set-typing') done.push({ agent, type, id, content, text: content.content ?? content.emoji ?? content.reason });
      }
    }
    return done;
  }

  /** Waits until no agent has anything to do, and has platforms bring what agents said to the others. */
  async settle() {
    const all = [];
    for (let rounds = 0; ; rounds += 1) {
      await until(() => this.idle(), SETTLE_MS, `the agents of "${this.chat.name}" are done`);
      const done = await this.news();
      all.push(...done);
      const said = done.filter((a) => a.type === 'send-message' || a.type === 'send-reply');
      if (said.length === 0) return all;
      if (rounds >= ECHOES_MAX) {
        this.complain(`the talk does not end (${all.length} actions)`);
        return all;
      }
      for (const { agent, content, id } of said) {
        this.labels.agent = id;
        for (const other of this.agents) {
          const from = other === agent ? agent.echo : agent.relay && (agent.relay.participant ?? { id: agent.id, nickname: agent.name, isAgent: true });
          if (from) await this.tell(other, this.message(from, content.content));
        }
      }
    }
  }

  async passes(seconds) {
    for (const agent of this.agents) await this.stage.db.ask(`select pg_temp.passes(${quoted(agent.id)}, ${seconds * 1000})`);
  }

  eventOf(line) {
    if (line.event) return JSON.parse(JSON.stringify(line.event).replace(/\$(\w+)/g, (all, label) => this.labels[label] ?? all));
    const from = this.person(line.as ?? line.who);
    if (line.typing) return { type: 'user-typing', content: { participantId: from.id, nickname: from.nickname } };
    const event = this.message(from, line.text, { ...(line.to && { replyTo: this.labels[line.to] }), ...(line.mentions && { mentions: line.mentions }) });
    if (line.label) this.labels[line.label] = event.content.message.id;
    return event;
  }

  async decisions() {
    const out = [];
    for (const agent of this.agents) {
      const rows = await this.stage.db.ask(`select id, verdict from rule_decisions where subject = ${quoted(agent.id)}
        and rule = 'agent.rules.respond.decide' and id > ${agent.decided} order by id`);
      for (const [id, verdict] of rows) {
        agent.decided = Number(id);
        out.push(`${this.agents.length > 1 ? `${agent.name}: ` : ''}${verdict}`);
      }
    }
    return out;
  }

  /** A line as its parts. */
  read(raw) {
    const [who, text, want] = Array.isArray(raw) ? raw : [raw[1], raw[2], raw[3]]; // as Lua's tables become JSON
    return { who, text, want, ...raw };
  }

  /** Plays one line; gives what came back. */
  async play(raw) {
    const line = this.read(raw);
    if (line.after) await this.passes(line.after);
    await this.everybody(this.eventOf(line));
    this.transcript.push(`  ${line.who ?? line.event?.type ?? line.as?.nickname}: ${line.text ?? (line.typing ? '(types)' : '')}`);
    if (line.quick) return [];
    const done = await this.settle();
    const why = await this.decisions();
    for (const a of done.filter((d) => d.type !== 'agent-stopped')) this.transcript.push(`    ${a.agent.name} ${a.type}: ${a.text}`);
    this.transcript.push(`    [${why.join('; ')}]`);
    for (const what of complaints(line, done, !this.stage.model)) this.complain(what);
    if (this.stage.model) for (const what of misheard(line, this.agents[0].script.heard)) this.complain(what);
    return done;
  }
}

const isMessage = (a) => a.type === 'send-message' || a.type === 'send-reply';

/** What is wrong with what came back on a line; gentle: of a provider that is no language model. */
function complaints(line, done, gentle) {
  const said = done.filter(isMessage), reactions = done.filter((a) => a.type === 'add-reaction'), out = [];
  if (line.want === 'silence' && said.length + reactions.length > 0) out.push(`should have been silent, but: ${[...said, ...reactions].map((a) => a.text).join(' / ')}`);
  if (line.want === 'react' && said.length > 0) out.push(`should at most have reacted, but said: ${said.map((a) => a.text).join(' / ')}`);
  if (line.want === 'answer' && said.length > 1) out.push(`should have answered once, but said: ${said.map((a) => a.text).join(' / ')}`);
  if (line.least !== undefined && said.length < line.least) out.push(`should have said at least ${line.least}, but said ${said.length}`);
  if (line.most !== undefined && said.length > line.most) out.push(`should have said at most ${line.most}, but said ${said.length}`);
  if (gentle) return out;
  if (line.want === 'answer' && said.length === 0) out.push('should have answered');
  if (line.by && said.some((a) => a.agent.name !== line.by)) out.push(`only ${line.by} should have answered`);
  for (const text of line.says ?? []) if (!said.some((a) => a.text.includes(text))) out.push(`should have said ${JSON.stringify(text)}`);
  for (const text of line.never ?? []) if (said.some((a) => a.text.includes(text))) out.push(`must not say ${JSON.stringify(text)}`);
  return out;
}

// What is wrong with what the model was shown before its last answer.
function misheard(line, messages) {
  const of = (role) => JSON.stringify(messages.filter((m) => !role || m.role === role)), out = [];
  const shown = of(), own = of('assistant'), system = of('system');
  for (const text of line.hears ?? []) if (!shown.includes(text)) out.push(`the model should have been shown ${text}`);
  for (const text of line.unheard ?? []) if (shown.includes(text)) out.push(`the model must not be shown ${text}`);
  for (const text of line.others_words ?? []) if (own.includes(text)) out.push(`the model was shown as its own words: ${text}`);
  for (const text of line.no_order ?? []) if (system.includes(text)) out.push(`the model was shown among its orders: ${text}`);
  return out;
}

/** Plays a chat from its first line to its last; gives what was wrong, as texts. */
export async function playChat(stage, chat) {
  const room = new Room(stage, chat);
  try {
    await room.open();
    for (const line of chat.lines) await room.play(line);
  } catch (e) {
    room.complain(e.message);
  } finally {
    room.close();
  }
  return room.problems;
}

/** Opens a room for who plays by other means than a list of lines. */
export const openRoom = (stage, chat) => new Room(stage, chat).open();

/** Plays chats, some at a time; gives [{chat, problems}]. */
export async function playAll(stage, chats, together = 6) {
  const results = [], queue = [...chats];
  await Promise.all(Array.from({ length: together }, async () => {
    for (let chat = queue.shift(); chat; chat = queue.shift()) results.push({ chat, problems: await playChat(stage, chat) });
  }));
  return results;
}
