// spec/e2e/cli_onboard.test.mjs -- `human onboard`: by flags and by a person in a terminal; the key is tried by a real
// call before anything is written, and is in the sealed store and nowhere else; Ctrl-C leaves nothing behind.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BINARY, errors, makeHome, startHost } from './hosts.mjs';
import { WHOLE, startServer, stream } from './models_server.mjs';
import { freePort, root, until } from './support.mjs';

const KEY = 'sk-key-of-this-spec-0123456789';
const home = makeHome(), file = path.join(home, 'human.json'), keyFile = path.join(home, 'key');
let host, model, asked;

const environment = (own = {}) => ({ PATH: process.env.PATH, HOME: home, HUMAN_HOME: home, HUMAN_CONFIG: file, TERM: 'xterm', LC_ALL: 'C.UTF-8',
  HUMAN_SCRIPTS: path.join(root, 'scripts'), HUMAN_OVERRIDES: '**', HUMAN_AGENT_PORT: '0', ...own });
/** {code, out, err} of `human WORDS`; input: what it reads. */
const human = (words, { input = '', env } = {}) => new Promise((resolve) => {
  const child = execFile(BINARY, words, { timeout: 150_000, env: environment(env) }, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
  child.stdin.end(input);
});
/** What a terminal shows after the last of these [keys, text to wait for]. */
const type = (words, steps) => new Promise((resolve, reject) => {
  execFile('python3', [path.join(root, 'spec/e2e/shell_keys.py'), JSON.stringify(steps), BINARY, ...words], { timeout: 150_000, env: environment() },
    (error, out, err) => (error ? reject(new Error(`${err}\n${out}`)) : resolve(out)));
});
const settings = () => JSON.parse(fs.readFileSync(file, 'utf8'));
const secrets = async () => (await human(['secret', 'list'])).out;
const own = (url) => ['--provider', 'openai', '--base-url', url, '--key-file', keyFile, '--model', 'small'];

before(async () => {
  fs.writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
  fs.writeFileSync(file, '{}');
  model = await startServer((req, res) => {
    asked.push({ key: req.headers.authorization, path: req.url });
    if (req.headers.authorization !== `Bearer ${KEY}`) {
      res.writeHead(401, { 'content-type': 'application/json' });
      return res.end('{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}');
    }
    return stream(res, WHOLE.openai('Hello from the model.'));
  });
  host = await startHost({ home, env: { HUMAN_CONFIG: file } });
});
after(async () => {
  model.close?.();
  assert.deepEqual(errors(host.log()).filter((line) => !line.includes('reload: refused')), []);
  assert.ok(!host.log().includes(KEY));
  await host.stop();
});
beforeEach(() => { asked = []; });

describe('without a terminal', () => {
  it('flags answer the questions, or it names the missing one', async () => {
    const none = await human(['onboard']);
    assert.deepEqual([none.code, none.out], [2, '']);
    assert.match(none.err, /^human onboard: --provider is missing: without a terminal each question is answered by its flag/);
    const key = await human(['onboard', '--provider', 'openai']);
    assert.deepEqual([key.code, key.err.split('\n')[0]], [2, 'human onboard: --key-file is missing: the key of openai (- is standard input)']);
    const typo = await human(['onboard', '--provider', 'opnai']);
    assert.match(typo.err, /there is no provider opnai \(did you mean openai\?\)/);
    for (const [words, why] of [[['--model', 'x'], '--provider is missing'], [['--base-url', 'ftp://x'], '--base-url must be like'],
      [['--message', ' '], '--message is empty'], [['--no-chat', '-m', 'x'], '--no-chat and --message'], [['--channel-secrets', 'a=b'], '--channel-secrets and']]) {
      const { code, err } = await human(['onboard', ...words]);
      assert.ok(code === 2 && err.includes(why), err);
    }
    assert.deepEqual(settings(), {});
  });

  it('the offline provider needs no key, and answers', async () => {
    const { code, out, err } = await human(['onboard', '--provider', 'offline', '--message', 'hello', '--json']);
    assert.equal(code, 0, err);
    const said = JSON.parse(out);
    assert.deepEqual([said.provider, said.kept, said.url], ['offline', false, host.url]);
    assert.ok(said.answer.length > 0);
    assert.equal(settings().llm.provider, 'offline');
  });

  it('a key that the model refuses is written nowhere', async () => {
    const was = settings();
    fs.writeFileSync(`${keyFile}.bad`, 'sk-wrong');
    const { code, err } = await human(['onboard', ...own(model.url), '--key-file', `${keyFile}.bad`]);
    assert.equal(code, 1);
    assert.match(err, /the key is not accepted: .*nothing was written/);
    assert.equal(asked.length, 1);
    assert.deepEqual(settings(), was);
    assert.doesNotMatch(await secrets(), /llm/);
    const gone = await human(['onboard', ...own('http://127.0.0.1:9')]);
    assert.deepEqual([gone.code, settings()], [1, was]);
    assert.match(gone.err, /it cannot be reached/);
  });

  it('a key that works is kept sealed, and the chat uses it', async () => {
    const { code, out, err } = await human(['onboard', ...own(model.url), '-m', 'hello']);
    assert.equal(code, 0, err);
    assert.match(out, /Hello from the model\.\n$/);
    assert.match(await secrets(), /^llm +ok$/m);
    assert.deepEqual([settings().llm.provider, settings().llm.model, settings().llm.base_url], ['openai', 'small', model.url]);
    for (const text of [out, err, fs.readFileSync(file, 'utf8'), fs.readFileSync(path.join(home, 'secrets.sealed'), 'latin1')]) assert.ok(!text.includes(KEY));
    assert.ok(asked.every((a) => a.key === `Bearer ${KEY}`) && asked.length >= 2);
  });

  it('what is configured already is shown and kept', async () => {
    const was = settings();
    const { code, out } = await human(['onboard']);
    assert.equal(code, 0);
    assert.ok(out.includes(`Configured already: openai with the model small at ${model.url}.`), out);
    assert.deepEqual(settings(), was);
    const said = JSON.parse((await human(['onboard', '--json'])).out);
    assert.deepEqual([said.kept, said.changed], [true, false]);
    assert.equal(asked.length, 0);
  });

  it('a first channel has its secrets sealed, and what it still lacks is listed', async () => {
    const bot = path.join(home, 'bot');
    fs.writeFileSync(bot, '123:token-of-a-bot');
    const { code, out, err } = await human(['onboard', '--channel', 'telegram', '--channel-secrets', `token=${bot}`, '--channel-settings', 'groups=off', '--no-chat', '--json']);
    assert.equal(code, 0, err);
    assert.deepEqual([JSON.parse(out).channel, JSON.parse(out).kept, JSON.parse(out).channel_lacks], ['telegram', true, undefined]);
    assert.deepEqual(settings().channels.telegram, { token: '${sealed:telegram_token}', groups: 'off' });
    assert.match(await secrets(), /^telegram_token +ok$/m);
    const half = await human(['onboard', '--channel', 'whatsapp', '--no-chat']);
    assert.deepEqual([half.code, /whatsapp is not ready yet: channels\.whatsapp\.\w+ is not set/.test(half.out)], [0, true], half.out + half.err);
    const was = settings();
    for (const [words, why] of [[['telegrm'], 'did you mean telegram?'], [['telegram', '--channel-secrets', 'tokn=x'], 'channels.telegram has no secret tokn'],
      [['telegram', '--channel-secrets', 'token'], 'is like NAME='], [['telegram', '--channel-settings', 'token=x'], 'channels.telegram has no setting token']]) {
      const wrong = await human(['onboard', '--no-chat', '--channel', ...words]);
      assert.ok(wrong.code === 2 && wrong.err.includes(why), wrong.err);
    }
    assert.equal((await human(['onboard', '--no-chat', '--channel', 'telegram', '--channel-secrets', `token=${home}/none`])).code, 1);
    assert.equal((await human(['onboard', '--no-chat', '--channel', 'telegram', '--channel-settings', 'groups=perhaps'])).code, 2);
    assert.deepEqual(settings(), was);
  });

  it('the key may come on standard input, and never as an argument', async () => {
    const { code } = await human(['onboard', ...own(model.url).map((w) => (w === keyFile ? '-' : w)), '--no-chat'], { input: KEY });
    assert.equal(code, 0);
    assert.equal((await human(['onboard', '--provider', 'openai', '--key', KEY])).code, 2);
  });
});

describe('in a terminal', () => {
  it('asks one question after another, shows no key, and ends in a chat', async () => {
    const shown = await type(['onboard'], [['', 'Keep it? [Y/n]'], ['n\r', 'Whose model [openai]'], ['opnai\r', 'did you mean openai'], ['vllm\r', 'Where is it'],
      [`${model.url}\r`, 'want a key'], ['y\r', 'not shown'], ['sk-wrong\r', 'Which model'], ['\r', 'Try again?'], ['y\r', 'Whose model'], ['vllm\r', 'Where is it'],
      [`${model.url}\r`, 'want a key'], ['y\r', 'not shown'], [`${KEY}\r`, 'Which model'], ['small\r', 'none)'], ['none\r', 'you:'], ['hi there\r', 'agent: Hello from the model.'],
      ['/quit\r', '/quit']]);
    assert.ok(!shown.includes(KEY));
    assert.equal(settings().llm.provider, 'vllm');
  });

  for (const [when, steps] of [
    ['at the first question', [['', 'Keep it?'], ['\u0003', 'nothing was written']]],
    ['while the key is typed', [['', 'Keep it?'], ['n\r', 'Whose model'], ['vllm\r', 'Where is it'], ['http://127.0.0.1:1\r', 'want a key'], ['y\r', 'not shown'], ['sk-half\u0003', 'nothing was written']]],
    ['at the last question', [['', 'Keep it?'], ['n\r', 'Whose model'], ['offline\r', 'none)'], ['\u0003', 'nothing was written']]],
  ]) {
    it(`Ctrl-C ${when} leaves everything as it was`, async () => {
      const was = fs.readFileSync(file, 'utf8'), kept = await secrets();
      await type(['onboard'], steps);
      assert.equal(fs.readFileSync(file, 'utf8'), was);
      assert.equal(await secrets(), kept);
    });
  }
});

describe('on a machine where nothing runs', () => {
  it('a server is started for it, and stopped again', async () => {
    const fresh = makeHome(), port = await freePort();
    const env = { HUMAN_HOME: path.join(fresh, 'h'), HUMAN_CONFIG: undefined, HUMAN_PORT: String(port), HUMAN_WORKERS: '1' };
    const { code, out, err } = await human(['onboard', '--provider', 'offline', '--message', 'hello'], { env });
    assert.equal(code, 0, err + out);
    assert.match(out, /^No server of this home runs; one is started for this\.\n/);
    assert.ok(!out.includes(String(port)), out);   // nobody is sent to a server that has ended
    assert.match(out, /The server that was started for this has stopped/);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/ready`));
    assert.match(fs.readFileSync(path.join(env.HUMAN_HOME, 'config.json'), 'utf8'), /^ {4}"provider": "offline"/m);
    await until(() => !fs.existsSync(path.join(env.HUMAN_HOME, 'control.sock')), 5000, 'nothing is left');
    const model = JSON.parse((await human(['doctor', '--json'], { env })).out).find((f) => f.name === 'model');
    assert.equal(model.text, 'llm.provider is offline: built-in rules answer, as chosen');
  });

  it('what is wrong is found before one is started', async () => {
    const fresh = makeHome(), secret = path.join(fresh, 'secret'), none = path.join(fresh, 'none');
    fs.writeFileSync(secret, '123:token');
    const env = { HUMAN_HOME: path.join(fresh, 'h'), HUMAN_CONFIG: undefined, HUMAN_PORT: String(await freePort()), HUMAN_WORKERS: '1' };
    const telegram = ['--provider', 'offline', '--no-chat', '--channel', 'telegram'];
    for (const [words, why] of [
      [[], '--provider is missing: without a terminal'], [['--provider', 'openai'], '--key-file is missing: the key of openai'],
      [['--provider', 'openai', '--key-file', none], `--key-file: ${none}: No such file or directory`],
      [['--provider', 'azure', '--key-file', secret], '--base-url is missing: where the server of azure is'],
      [['--provider', 'offline', '--key-file', secret], '--key-file does not go with --provider offline, which needs none'],
      [['--provider', 'offline', '--channel', 'telegrm'], 'there is no channel telegrm (did you mean telegram?); there are discord, lark'],
      [[...telegram, '--channel-secrets', `tokn=${secret}`], 'channels.telegram has no secret tokn'],
      [[...telegram, '--channel-secrets', `token=${none}`], `--channel-secrets: channels.telegram.token: ${none}: No such file or directory`],
      [[...telegram, '--channel-settings', 'groups=perhaps'], '--channel-settings: channels.telegram.groups: must be one of'],
      [['--provider', 'openai', '--key-file', '-', '--channel', 'telegram', '--channel-secrets', 'token=-'], 'only one of the files may be -'],
    ]) {
      const { code, out, err } = await human(['onboard', ...words], { env });
      assert.ok(code > 0 && err.includes(why), `${words}: ${code} ${err}`);
      assert.equal(out, '', words.join(' '));
    }
    assert.ok(!fs.existsSync(env.HUMAN_HOME), 'not even a home was made');
  });
});
