// spec/e2e/load.mjs -- traffic beside a test: requests one after another on several connections; keeps every
// answer.  This is what tests call "under load".
import { performance } from 'node:perf_hooks';
import { call } from './agent_client.mjs';
import { sleep } from './support.mjs';

/**
 * `n` clients at once; each asks(i) again and again, until stop() gives all that was answered:
 * [{who, status, code, ms, retry (its Retry-After), at, id (of an event that was acknowledged)}].
 * status 0: the connection broke.
 */
export function keepAsking(n, ask) {
  const seen = [];
  let stopping = false;
  const client = async (who) => {
    for (let i = 0; !stopping; i += 1) {
      const at = performance.now();
      const answer = await ask(who, i).catch((error) => ({ status: 0, error }));
      const ms = performance.now() - at;
      if (answer.status >= 500) await sleep(20); // who is refused at once would otherwise do nothing but ask
      seen.push({ who, at, ms, status: answer.status, code: answer.body?.code, id: answer.body?.eventId,
        retry: answer.headers?.get('retry-after'), why: answer.error?.cause?.code ?? answer.error?.message });
    }
  };
  const ended = Promise.all(Array.from({ length: n }, (_, who) => client(who)));
  return { seen, stop: async () => { stopping = true; await ended; return seen; } };
}

/** What clients of the agent API ask: two of three write (an event each), one reads. */
export const readsAndWrites = (host, user, agent) => (who, i) => {
  if (who % 3 === 2) return user.api('GET', '/api/agents?limit=5');
  const event = { type: 'user-joined', participant: { id: `p${who}-${i}`, nickname: `P${i}` } };
  return call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: event });
};

/** The q-quantile (0..1) of numbers. */
export function quantile(numbers, q) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}
export const median = (numbers) => quantile(numbers, 0.5);
