// spec/e2e/small_model.mjs -- a real, small language model behind an OpenAI-compatible server: the one that an operator
// gets from `human model install small`, which spec/run.sh has put into build/small.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { BINARY } from './hosts.mjs';
import { root } from './support.mjs';

const HOME = path.join(root, 'build/small');
const START_MS = 60_000;

/** {url, env (for a host that is to use it), stop}. */
export async function startSmallModel() {
  const child = spawn(BINARY, ['model', 'serve', 'small', '--at', '0'], { stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HUMAN_HOME: HOME, HUMAN_CONFIG: '/dev/null', DATABASE_URL: '' } });
  let log = '';
  child.stderr.on('data', (d) => { log = (log + d).slice(-4000); });
  const signal = AbortSignal.timeout(START_MS);
  const lines = readline.createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => { throw new Error(`the model's server ended: ${log}`); });
  ended.catch(() => {});
  const [line] = await Promise.race([once(lines, 'line', { signal }), ended]);
  const [, url, name] = /^HUMAN_LLM_BASE_URL=(\S+) HUMAN_LLM_MODEL=(\S+) human$/.exec(line);
  return {
    url, env: { HUMAN_LLM_BASE_URL: url, HUMAN_LLM_MODEL: name, HUMAN_LLM_TIMEOUT_MS: '300000', HUMAN_LLM_MAX_RETRIES: '0' },
    async stop() {
      child.kill('SIGTERM');
      await ended.catch(() => {});
    },
  };
}
