// The connection to /ws: calls with answers, events, and a new connection when one ends. Everybody who shows something
// asks again after `opened`: what happened in between is not made up for, it is read.
import type { Operations, Ws } from './rpc';

export type Methods = Ws['methods'];
export type Events = Ws['events'];
export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M]['params'];
export type Result<M extends Method> = Methods[M]['result'];

/** Routes of the other APIs, which `operations.call` carries out. */
export type Surface = 'agent' | 'marketplace';
export type Operation<S extends Surface> = keyof Operations[S];
type Route = { method: string; input: unknown; reply: unknown };
export type Input<S extends Surface, O extends Operation<S>> = Operations[S][O] extends Route ? Operations[S][O]['input'] : never;
export type Reply<S extends Surface, O extends Operation<S>> = Operations[S][O] extends Route ? Operations[S][O]['reply'] : never;

export interface As {
  /** One of the operator's actors, or a user of the agent API; without it: the operator. */
  actorId?: string | undefined;
  /** An Idempotency-Key: what is sent again with it is done once. */
  key?: string | undefined;
}

export type Role = 'operator' | 'viewer' | 'node';
export type Link = 'connecting' | 'open' | 'lost' | 'closed';

const ANSWER_MS = 30_000;
const AGAIN_MS = 500;
const AGAIN_MAX_MS = 20_000;

export class Refusal extends Error {
  /** status and body: of a route that refused. */
  constructor(readonly code: string, message: string, readonly details?: unknown, readonly status?: number, readonly body?: unknown) {
    super(message);
    this.name = 'Refusal';
  }
}

interface Call {
  done(value: unknown): void;
  fail(why: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

interface Frame {
  type?: string;
  id?: string;
  ok?: boolean;
  event?: string;
  payload?: unknown;
  auth?: { role?: Role };
  error?: { code?: string; message: string; details?: unknown };
}

type Listener<T> = (value: T) => void;

function address(): URL {
  const url = new URL('ws', location.href);
  url.hash = url.search = '';
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

export class Socket {
  link: Link = 'closed';
  role: Role | null = null;
  /** How often a connection was made; what was read under another number may be old. */
  epoch = 0;

  #ws: WebSocket | undefined;
  #calls = new Map<string, Call>();
  #count = 0;
  #wait = AGAIN_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #events = new Map<string, Set<Listener<never>>>();
  #links = new Set<Listener<Link>>();

  open(): void {
    if (this.link === 'connecting' || this.link === 'open') return;
    clearTimeout(this.#timer);
    this.#become('connecting');
    const ws = new WebSocket(address());
    this.#ws = ws;
    ws.onmessage = (event) => { if (ws === this.#ws) this.#take(JSON.parse(event.data as string) as Frame); };
    ws.onclose = () => { if (ws === this.#ws) this.#again(); };
  }

  close(): void {
    clearTimeout(this.#timer);
    const ws = this.#ws;
    this.#ws = undefined;
    ws?.close();
    this.#drop();
    this.#become('closed');
  }

  /** Tries at once, instead of when the next try is due. */
  hurry(): void {
    if (this.link === 'lost') this.open();
  }

  call<M extends Method>(method: M, ...[params]: Record<string, never> extends Params<M> ? [Params<M>?] : [Params<M>]): Promise<Result<M>> {
    const ws = this.#ws;
    if (this.link !== 'open' || !ws) return Promise.reject(new Refusal('no_connection', 'There is no connection to the server.'));
    this.#count += 1;
    const id = `ui-${this.#count}`;
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        fail(new Refusal('no_answer', 'The server did not answer in time.'));
      }, ANSWER_MS);
      this.#calls.set(id, { done: done as (value: unknown) => void, fail, timer });
      ws.send(JSON.stringify({ type: 'req', id, method, params: params ?? {} }));
    });
  }

  /** Carries out a route of another API; fails with its code, status and fields. */
  async rest<S extends Surface, O extends Operation<S>>(surface: S, operation: O, input: Input<S, O>, { actorId, key }: As = {}): Promise<Reply<S, O>> {
    const made = await this.call('operations.call', { surface, operation: operation as string, input, ...(actorId !== undefined && { actorId }), ...(key !== undefined && { key }) });
    if (made.code !== undefined) throw new Refusal(made.code, made.message ?? made.code, made.details, made.status, made.body);
    return (made.body ?? null) as Reply<S, O>;
  }

  /** Hears an event until the function that it returns is called. */
  on<E extends keyof Events>(event: E, heard: Listener<Events[E]>): () => void {
    const list = this.#events.get(event) ?? new Set();
    this.#events.set(event, list);
    list.add(heard as Listener<never>);
    return () => { list.delete(heard as Listener<never>); };
  }

  onLink(heard: Listener<Link>): () => void {
    this.#links.add(heard);
    return () => { this.#links.delete(heard); };
  }

  #become(link: Link): void {
    if (link === this.link) return;
    this.link = link;
    for (const heard of [...this.#links]) heard(link);
  }

  #take(frame: Frame): void {
    if (frame.type === 'hello-ok') {
      if (this.link === 'open') return;
      this.role = frame.auth?.role ?? null;
      this.#wait = AGAIN_MS;
      this.epoch += 1;
      this.#become('open');
    } else if (frame.type === 'event' && frame.event) {
      for (const heard of [...(this.#events.get(frame.event) ?? [])]) heard((frame.payload ?? {}) as never);
    } else if (frame.id !== undefined) {
      this.#answer(frame.id, frame);
    }
  }

  #answer(id: string, frame: Frame): void {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    if (frame.ok) call.done(frame.payload);
    else call.fail(new Refusal(frame.error?.code ?? 'internal', frame.error?.message ?? 'The server refused.', frame.error?.details));
  }

  #drop(): void {
    for (const call of this.#calls.values()) {
      clearTimeout(call.timer);
      call.fail(new Refusal('connection_lost', 'The connection was lost before the answer came.'));
    }
    this.#calls.clear();
  }

  // Clients that lost the same server do not come back in the same instant.
  #again(): void {
    this.#ws = undefined;
    this.#drop();
    this.#become('lost');
    this.#timer = setTimeout(() => this.open(), this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, AGAIN_MAX_MS);
  }
}

export const socket = new Socket();
