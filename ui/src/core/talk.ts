// One conversation as it is shown: what the history has, and what events add. Events that come while the history is on its
// way are kept, and taken after it, so that nothing is missing and nothing is twice.
import { socket, type Events, type Result } from './socket';

type History = Result<'chat.history'>;
type Message = History['messages'][number];
export type File = NonNullable<Message['files']>[number];

export interface ToolCall {
  id: string;
  name: string;
  given: unknown;
  status: string;
  result?: string | undefined;
  hasFailed: boolean;
  progress?: { n: number; total?: number | undefined; text?: string | undefined };
}

export type Entry =
  | { kind: 'user' | 'agent'; id: string; run: string; text: string; at: number; isOpen: boolean; end?: 'aborted' | 'failed'; usage?: Message['usage'] }
  | { kind: 'tool'; id: string; call: ToolCall }
  | { kind: 'file'; id: string; file: File };

interface Missed {
  run: string | undefined;
  take: () => void;
}

const PAGE = 100;
const RUNNING = new Set(['waiting', 'thinking', 'acting']);

export class Talk {
  entries: Entry[] = [];
  running = new Set<string>();
  summary: string | undefined;
  hasOlder = false;

  #places = new Map<string, number>();
  #steps = new Map<string, number>();
  #missed: Missed[] | null = [];
  #oldest: string | undefined;
  #ends: Array<() => void> = [];
  #timer = 0;

  /** changed: called at most once a frame. */
  constructor(readonly key: string, private readonly changed: () => void) {
    const own = <E extends { sessionKey?: string; runId?: string }>(take: (e: E) => void) => (e: E) => {
      if (e.sessionKey !== this.key) return;
      if (this.#missed) this.#missed.push({ run: e.runId, take: () => take(e) });
      else take(e);
      this.#tell();
    };
    this.#ends = [
      socket.on('chat', own((e: Events['chat']) => this.#hear(e))),
      socket.on('agent.tool', own((e: Events['agent.tool']) => this.#tool(e))),
      socket.on('tool.progress', own((e: Events['tool.progress']) => this.#progress(e))),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
    cancelAnimationFrame(this.#timer);
  }

  #tell(): void {
    if (this.#timer) return;
    this.#timer = requestAnimationFrame(() => { this.#timer = 0; this.changed(); });
  }

  /** Reads the newest of the history, in place of what is shown. */
  async read(): Promise<void> {
    const mine: Missed[] = [];
    this.#missed = mine;
    try {
      const history = await socket.call('chat.history', { sessionKey: this.key, limit: PAGE });
      if (this.#missed !== mine) return;
      this.entries = [];
      this.#places.clear();
      this.#steps.clear();
      this.running.clear();
      this.summary = history.summary;
      this.#take(history.messages);
      this.hasOlder = history.messages.length >= PAGE;
      // What the history has to its end is not told again by the events that it overtook.
      const over = new Set(history.messages.filter((m) => m.runId && !RUNNING.has(m.state ?? '')).map((m) => m.runId));
      this.#missed = null;
      for (const { run, take } of mine) if (!over.has(run)) take();
    } finally {
      if (this.#missed === mine) this.#missed = null;
      this.#tell();
    }
  }

  /** Reads what came before. */
  async older(): Promise<void> {
    if (this.#oldest === undefined) return;
    const history = await socket.call('chat.history', { sessionKey: this.key, limit: PAGE, before: this.#oldest });
    const newer = this.entries;
    this.entries = [];
    this.#places.clear();
    this.#take(history.messages);
    for (const entry of newer) if (!this.#places.has(entry.id)) this.#put(entry);
    this.hasOlder = history.messages.length >= PAGE;
    this.#tell();
  }

  #take(messages: ReadonlyArray<Message>): void {
    this.#oldest = messages[0]?.id ?? this.#oldest;
    for (const m of messages) {
      const run = m.runId ?? m.id;
      if (m.state !== undefined && RUNNING.has(m.state)) this.running.add(run);
      if (m.role === 'user') this.#say('user', `user ${run}`, run, m.content, Date.parse(m.ts), false);
      else if (m.content) {
        this.#say('agent', `message ${m.id}`, run, m.content, Date.parse(m.ts), false,
          { ...(m.usage && { usage: m.usage }), ...(m.error_code && { end: m.error_code === 'aborted' ? 'aborted' as const : 'failed' as const }) });
      }
      for (const call of m.tool_calls ?? []) {
        this.#put({ kind: 'tool', id: `tool ${call.id}`, call: { id: call.id, name: call.name, given: call.arguments, status: call.status, result: call.result,
          hasFailed: call.status !== 'done' && call.status !== 'running' && call.status !== 'asked' } });
      }
      for (const file of m.files ?? []) this.#put({ kind: 'file', id: `file ${file.id}`, file });
    }
  }

  #put(entry: Entry): void {
    const place = this.#places.get(entry.id);
    if (place !== undefined) {
      this.entries[place] = entry;
      return;
    }
    this.#places.set(entry.id, this.entries.length);
    this.entries.push(entry);
  }

  #at(id: string): Entry | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.entries[place];
  }

  #say(kind: 'user' | 'agent', id: string, run: string, text: string, at: number, isOpen: boolean,
    more: { end?: 'aborted' | 'failed'; usage?: Message['usage'] } = {}): void {
    this.#put({ kind, id, run, text, at, isOpen, ...more });
  }

  #hear(e: Events['chat']): void {
    const run = e.runId ?? '';
    if (e.step !== undefined) this.#steps.set(run, e.step);
    const id = `answer ${run} ${this.#steps.get(run) ?? ''}`;
    const now = this.#at(id);
    if (e.state === 'received') this.#say('user', `user ${run}`, run, e.message, Date.now(), false);
    if (e.state === 'received' || e.state === 'thinking') this.running.add(run);
    if (e.state === 'chunk') this.#say('agent', id, run, (now?.kind === 'agent' ? now.text : '') + e.message, Date.now(), true);
    if (e.state === 'file' && e.file) this.#put({ kind: 'file', id: `file ${e.file.id}`, file: e.file });
    if (e.state === 'sent') {
      this.running.delete(run);
      if (e.intoRun) return;
      const isBare = e.aborted && now?.kind === 'agent';
      const end = e.aborted ? 'aborted' as const : e.error_code ? 'failed' as const : undefined;
      this.#say('agent', id, run, isBare ? now.text : e.message, Date.now(), false, { ...(end && { end }), ...(e.usage && { usage: e.usage }) });
    }
  }

  #tool(e: Events['agent.tool']): void {
    const before = this.#at(`tool ${e.id}`);
    this.#put({ kind: 'tool', id: `tool ${e.id}`, call: {
      id: e.id, name: e.name, given: e.arguments, status: e.status ?? (e.result === undefined ? 'running' : 'done'), result: e.result,
      hasFailed: e.success === false, ...(before?.kind === 'tool' && e.result === undefined && before.call.progress && { progress: before.call.progress }) } });
  }

  #progress(e: Events['tool.progress']): void {
    const entry = this.#at(`tool ${e.id}`);
    if (entry?.kind !== 'tool') return;
    this.#put({ ...entry, call: { ...entry.call, progress: { n: e.progress, total: e.total, text: e.message } } });
  }
}
