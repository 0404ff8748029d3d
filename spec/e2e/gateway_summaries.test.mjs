// spec/e2e/gateway_summaries.test.mjs -- sessions that have grown longer than the model's window: what the model reads of
// them, what is summarised when, what it costs, and what kills, aborts, refusals and resets do to it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ollama } from './dialects.mjs';
import { jobsOf } from './gateway_cron_world.mjs';
import { approvals, asks, call, ended, one, PATIENCE_MS, resolve, send, TREES } from './gateway_world.mjs';
import { BINARY, databaseUrl, errors, sql, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { refuse, startServer, stream } from './models_server.mjs';
import { until } from './support.mjs';

const NOTES = 'You keep the notes', WORKERS = { HUMAN_WORKERS: '1', HUMAN_DATABASE_POOL: '4' };
let model, host, n = 0;
const key = () => `long${n += 1}`;
const isNotes = (request) => request.body.messages[0].content.startsWith(NOTES);
const said = (request) => request.body.messages.map((m) => m.content).join('\n');
const text = (res, words) => stream(res, ollama.stream({ text: words }), { 'content-type': ollama.type });
const answers = (request, res) => text(res, isNotes(request) ? 'They agreed that the cat is called Mia.' : 'Noted.');

before(async () => {
  model = await startServer(answers);
  host = await startHost({ scripts: TREES, env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_LLM_CONTEXT_TOKENS: '8192', ...WORKERS } });
});
after(async () => {
  await host.stop();
  await model.close();
});

/** A session in which so many messages were answered, each with so many words. */
async function long(turns, words = 20, k = key()) {
  model.on = answers;
  await ended(host, await send(host, k, 'The cat is called Mia'));
  const id = await one(host, `select id from agents where session_key = '${k}'`), tag = id.slice(-6);
  const ids = (letter) => `'c' || '${tag}${letter}' || lpad(g::text, 8, '0')`, filler = `repeat('word ', ${words})`, from = `from generate_series(1, ${turns}) g`;
  await sql(host.home, `begin;
    insert into agent_runs (id, agent_id, until_pos, reason, finished_at) select ${ids('r')}, '${id}', g, 'completed', now() ${from};
    insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
      select ${ids('m')}, '${id}', 2 * g + 10, 'in', 'new-message', jsonb_build_object('message', jsonb_build_object('content', 'line ' || g || ' ' || ${filler})), ${ids('m')} ${from};
    insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
      select ${ids('a')}, '${id}', 2 * g + 11, 'out', g + 10, 'send-message', jsonb_build_object('content', 'answer ' || g || ' ' || ${filler}), ${ids('r')} ${from};
    insert into gateway_runs (id, session_id, n, message_id, state, step, finished_at) select ${ids('r')}, '${id}', g + 1, ${ids('m')}, 'done', 1, now() ${from};
    insert into gateway_steps (run_id, n, event_id) select ${ids('r')}, 1, ${ids('a')} ${from};
    update gateway_sessions set last_run = ${turns + 1} where id = '${id}';
    update agent_mailboxes set last_pos = 1000000, last_seq = 1000000, last_in_pos = 1000000, processed_pos = 1000000 where agent_id = '${id}'; commit`);
  model.requests.length = 0;
  return { key: k, id };
}

const summary = (id) => sql(host.home, `select until_run || ' ' || by_model || ' ' || summary from gateway_summaries where session_id = '${id}'`).then((rows) => rows[0]);
const cost = (id) => one(host, `select sum(input_tokens) || ' ' || (select input_tokens from agent_mailboxes where agent_id = '${id}') || ' ' || count(*) filter (where finished_at is null) from agent_runs where agent_id = '${id}'`);

describe('a session of 2,000 lines', () => {
  it('is summarised before it is answered: the model reads the notes and the newest messages, and all messages stay', async () => { // limit: gateway summary
    const s = await long(1000);
    assert.equal(await ended(host, await send(host, s.key, 'What is the cat called?')), 'done');
    const notes = model.requests.filter(isNotes), last = model.requests.at(-1);
    assert.ok(notes.length >= 5 && notes.length <= 10, `${notes.length} parts`);
    assert.match(said(notes[0]), /The cat is called Mia/);
    assert.match(said(notes[1]), /<notes>They agreed/);
    assert.match(last.body.messages[0].content, /What was said before[^]*<earlier>They agreed that the cat is called Mia\./);
    assert.match(said(last), /answer 1000 [^]*What is the cat called/);
    const until_run = Number((await summary(s.id)).split(' ')[0]);
    assert.doesNotMatch(said(last), new RegExp(`line ${until_run - 1} `));
    assert.match(said(last), new RegExp(`line ${until_run} `), 'there is no gap between notes and messages');
    const { value } = await call(host, 'sessions.history', s.key, { limit: 1000 });
    assert.equal(value.length, 1000);
    const counted = model.requests.length;
    assert.equal(await ended(host, await send(host, s.key, 'And the dog?')), 'done');
    assert.equal(model.requests.length, counted + 1, 'nothing is summarised twice');
  });

  it('books the cost of the summary on the session', async () => {
    const s = await long(60, 60);
    await ended(host, await send(host, s.key, 'Hello'));
    assert.equal(model.requests.filter(isNotes).length, 1);
    assert.equal(await cost(s.id), '36 36 0', 'three calls of twelve tokens, all over');
  });

  it('is still answered if the model makes no summary, from what fits, and is summarised later', async () => {
    const s = await long(60, 60);
    model.on = (request, res) => (isNotes(request) ? refuse(res, 400, { error: 'no' }) : answers(request, res));
    assert.equal(await ended(host, await send(host, s.key, 'Hello')), 'done');
    assert.equal(await summary(s.id), undefined);
    assert.match(said(model.requests.at(-1)), /answer 60 /);
    model.on = answers;
    for (let i = 0; i < 10 && !await summary(s.id); i += 1) assert.equal(await ended(host, await send(host, s.key, 'Hello again')), 'done');
    assert.match(await summary(s.id), /true They agreed/);
    assert.equal(await one(host, `select summaries_refused || ' ' || summary_after from gateway_sessions where id = '${s.id}'`), '0 0');
  });

  it('does not pay for a refused summary with each message: the model is asked again after ten, then after twenty', async () => { // limit: summary wait
    const s = await long(60, 60), tried = [];
    model.on = (request, res) => (isNotes(request) ? text(res, ' ') : answers(request, res));
    for (let i = 1; i <= 32; i += 1) {
      model.requests.length = 0;
      assert.equal(await ended(host, await send(host, s.key, `Hello ${i}`)), 'done');
      if (model.requests.some(isNotes)) tried.push(i);
    }
    assert.deepEqual(tried, [1, 11, 31]);
    model.on = answers;
    await call(host, 'sessions.compact', s.key);
    await until(() => summary(s.id), PATIENCE_MS, 'whoever asks for one gets one at once');
  });

  it('that the model finds too long is cut shorter, and asked again at once', async () => {
    const s = await long(40, 60);
    let refused = 0;
    model.on = (request, res) => {
      if (said(request).length < 12_000) return answers(request, res);
      refused += 1;
      return refuse(res, 400, { error: 'input exceeds the context length of this model: 4096 tokens' });
    };
    assert.equal(await ended(host, await send(host, s.key, 'Hello')), 'done');
    assert.ok(refused >= 1, 'it was refused');
    assert.match(said(model.requests.at(-1)), /answer 40 [^]*Hello/);
  });
});

describe('a summary', () => {
  it('is made once when its worker is killed in the middle, and the answer comes', async () => {
    const s = await long(60, 60);
    let hung = 0;
    model.on = (request, res) => { if (isNotes(request) && !hung) hung += 1; else answers(request, res); };
    const run = await send(host, s.key, 'Hello');
    await until(() => hung === 1, PATIENCE_MS, 'the summary is being made');
    process.kill(host.workers()[0], 'SIGKILL');
    assert.equal(await ended(host, run), 'done');
    assert.equal(model.requests.filter(isNotes).length, 2, 'the one that was cut short, and the one that counts');
    assert.match(await summary(s.id), /They agreed/);
    assert.match(model.requests.at(-1).body.messages[0].content, /They agreed/);
    const [total, booked, open] = (await cost(s.id)).split(' ');
    assert.equal(total, booked, 'also the call that was cut short is booked');
    assert.equal(open, '0');
  });

  it('is made once when scripts are reloaded in the middle, and by two hosts that are asked at once', async () => {
    const s = await long(60, 60);
    let answer;
    model.on = (request, res) => { if (isNotes(request)) answer = () => answers(request, res); else answers(request, res); };
    const run = await send(host, s.key, 'Hello');
    await until(() => answer, PATIENCE_MS, 'the summary is being made');
    await reload(BINARY, host.home);
    const two = await startHost({ scripts: TREES, env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, DATABASE_URL: databaseUrl(host.home), ...WORKERS, HUMAN_DATABASE_POOL: '2' } });
    await Promise.all([host, two, host, two].map((h) => call(h, 'sessions.compact', s.key)));
    answer();
    model.on = answers;
    assert.equal(await ended(host, run), 'done');
    await until(async () => (await one(host, `select count(*) from host_queue where kind = 'session.compact'`)) === '0', PATIENCE_MS, 'all is over');
    assert.equal(model.requests.filter((r) => isNotes(r) && said(r).includes('line 10 ')).length, 1, 'no message is summarised twice');
    assert.match(await summary(s.id), /true They agreed/);
    await two.stop();
  });

  it('ends when its run is aborted, and stores nothing', async () => {
    const s = await long(60, 60);
    let hung = 0;
    model.on = (request, res) => { if (isNotes(request)) hung += 1; else answers(request, res); };
    const run = await send(host, s.key, 'Hello');
    await until(() => hung === 1, PATIENCE_MS, 'the summary is being made');
    const before = model.hungUp, began = performance.now();
    await call(host, 'chat.abort', { key: s.key });
    await until(() => model.hungUp > before, 5000, 'the model is left alone');
    assert.ok(performance.now() - began < 10_000, `${performance.now() - began} ms`); // it would have two minutes
    assert.equal(await ended(host, run), 'aborted');
    assert.equal(await summary(s.id), undefined);
  });

  it('is not stored if the session was reset meanwhile', async () => {
    const s = await long(60, 60);
    let answer;
    model.on = (request, res) => { if (isNotes(request)) answer = () => answers(request, res); else answers(request, res); };
    assert.equal((await call(host, 'sessions.compact', s.key)).value, true);
    await until(() => answer, PATIENCE_MS, 'the summary is being made');
    assert.equal((await call(host, 'sessions.reset', s.key)).value, true);
    answer();
    await until(async () => (await cost(s.id)).endsWith(' 0') && (await cost(s.id)).startsWith('24 24'), PATIENCE_MS, 'it is booked');
    assert.equal(await summary(s.id), undefined);
  });
});

describe('sessions.compact', () => {
  it('summarises all but the newest four messages, once', async () => {
    const s = await long(10);
    for (let i = 0; i < 2; i += 1) {
      await call(host, 'sessions.compact', s.key);
      await until(async () => (await one(host, `select count(*) from host_queue where kind = 'session.compact'`)) === '0', PATIENCE_MS, 'it is over');
    }
    assert.match(await summary(s.id), /^7 true They agreed/);
    assert.equal(model.requests.length, 1);
    await ended(host, await send(host, s.key, 'Hello'));
    const last = said(model.requests.at(-1));
    assert.match(last, /They agreed[^]*line 7 [^]*answer 10 /);
    assert.doesNotMatch(last, /line 6 /);
  });
});

describe('sessions.compact while a run goes on', () => {
  it('leaves that run its own message, also where later ones are over', async () => {
    const s = await long(10), ask = { calls: [{ id: 'c1', name: 'effect_asked', arguments: { name: s.key } }] };
    model.on = (request, res) => {
      if (isNotes(request) || request.body.messages.at(-1).role === 'tool') return answers(request, res);
      return stream(res, ollama.stream(ask), { 'content-type': ollama.type });
    };
    const run = await send(host, s.key, 'Paint the house red');
    const [approval] = await approvals(host, s.key);
    for (let i = 0; i < 6; i += 1) await call(host, 'chat.abort', { run_id: await send(host, s.key, `Aborted ${i}`) });
    await call(host, 'sessions.compact', s.key);
    await until(async () => (await one(host, `select count(*) from host_queue where kind = 'session.compact'`)) === '0', PATIENCE_MS, 'it is over');
    assert.match(await summary(s.id), /^7 true/);
    assert.ok(!/agent_runs_open/.test(host.log()), 'it has an entry of its own in the books');
    await resolve(host, approval.id, 'allow-once');
    assert.equal(await ended(host, run), 'done');
    assert.match(said(model.requests.at(-1)), /They agreed[^]*Paint the house red[^]*did /);
  });
});

describe('a job in the session of its own', () => {
  it('reads the results of its last three runs, however often it has run', async () => { // limit: gateway job history
    const jobs = await jobsOf(host);
    let times = 0;
    model.on = (_, res) => text(res, `It is number ${times += 1}.`);
    const id = await jobs.add({ name: 'Counter', expression: '0 0 1 1 *', prompt: 'Which number is next?', delivery: { mode: 'none' } });
    for (let i = 1; i <= 6; i += 1) {
      await jobs.ok('cron.run', { id });
      await jobs.over(id, i);
    }
    assert.equal(model.requests.at(-1).body.messages.filter((m) => m.role !== 'system').map((m) => m.content).join(' '),
      'Which number is next? It is number 3. Which number is next? It is number 4. Which number is next? It is number 5. Which number is next?');
    jobs.c.ws.close();
  });
});

describe('without a model', () => {
  it('messages are cut short instead', async () => {
    const other = await startHost({ scripts: TREES, env: { ...asks(model), HUMAN_DATABASE_POOL: '2', HUMAN_WORKERS: '1' } });
    const k = key();
    for (let i = 0; i < 8; i += 1) await ended(other, await send(other, k, `What is ${i} and ${i}?`));
    await call(other, 'sessions.compact', k);
    await until(async () => (await sql(other.home, 'select summary from gateway_summaries'))[0], PATIENCE_MS, 'it is there');
    assert.match((await sql(other.home, 'select replace(summary, chr(10), \' \') from gateway_summaries'))[0], /^They: What is 0 and 0\? I: .*They: What is 3 and 3\? I: /);
    assert.deepEqual(errors(other.log()), []);
    await other.stop();
  });
});
