// What a view shows of the server: read when it is opened, and again when an event says that it has changed, when a
// connection was lost, and when the page comes back from sleep. One question at a time; what was read last is shown at
// once when a view is opened again, marked as such until the answer is here.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Refusal, socket, type Events, type Input, type Link, type Method, type Operation, type Params, type Reply, type Result, type Surface } from './socket';

const SETTLE_MS = 120;                         // events come in bunches
const KEEP = 50;

const cache = new Map<string, unknown>();

function remember(key: string, value: unknown): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next().value;
  if (cache.size > KEEP && oldest !== undefined) cache.delete(oldest);
}

/** Nothing of one operator is left for the next. */
export const forget = (): void => cache.clear();

export interface Live<T> {
  data: T | undefined;
  error: Refusal | undefined;
  /** The data are from before: a new answer is awaited. */
  isOld: boolean;
  reload: () => void;
}

interface Options {
  /** Events after which it is read again. */
  on?: ReadonlyArray<keyof Events>;
  /** Also by the clock, where no event tells. */
  everyMs?: number;
  /** Not now: what it would ask about is not known yet. */
  off?: boolean;
}

const asRefusal = (e: unknown) => (e instanceof Refusal ? e : new Refusal('internal', e instanceof Error ? e.message : String(e)));

/** The answer of a question, kept true. key: what is asked, and about what; ask: asks it. */
function useAnswer<T>(key: string, ask: () => Promise<T>, { on = [], everyMs, off = false }: Options): Live<T> {
  const [state, set] = useState<{ key: string; data: T | undefined; error: Refusal | undefined; isOld: boolean }>(
    () => ({ key, data: cache.get(key) as T | undefined, error: undefined, isOld: true }));
  const asking = useRef({ key: '', busy: false, again: false });

  const read = useCallback(() => {
    const now = asking.current;
    if (socket.link !== 'open') return;
    if (now.busy && now.key === key) {
      now.again = true;
      return;
    }
    const mine = { key, busy: true, again: false };
    asking.current = mine;
    const show = (data: T | undefined, error: Refusal | undefined) => {
      mine.busy = false;
      if (asking.current !== mine) return;
      set((before) => ({ key, data: data ?? (before.key === key ? before.data : undefined), error, isOld: error !== undefined }));
      if (mine.again) read();
    };
    ask().then((data) => {
      remember(key, data);
      show(data, undefined);
    }, (e: unknown) => show(undefined, asRefusal(e)));
  }, [key]);

  useEffect(() => {
    if (off) return undefined;
    set((before) => (before.key === key ? before : { key, data: cache.get(key) as T | undefined, error: undefined, isOld: true }));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => { timer ??= setTimeout(() => { timer = undefined; read(); }, SETTLE_MS); };
    const ends = on.map((event) => socket.on(event, soon));
    ends.push(socket.onLink((link) => { if (link === 'open') read(); }));
    const woke = () => { if (document.visibilityState === 'visible') soon(); };
    document.addEventListener('visibilitychange', woke);
    const clock = everyMs === undefined ? undefined : setInterval(() => { if (document.visibilityState === 'visible') read(); }, everyMs);
    read();
    return () => {
      for (const end of ends) end();
      document.removeEventListener('visibilitychange', woke);
      clearTimeout(timer);
      clearInterval(clock);
    };
  }, [key, off, everyMs, on.join()]);

  return state.key === key ? { ...state, reload: read } : { data: undefined, error: undefined, isOld: true, reload: read };
}

/** The answer of a method, kept true. */
export function useLive<M extends Method>(method: M, params: Params<M>, options: Options = {}): Live<Result<M>> {
  const ask = () => (socket.call as (m: M, p: Params<M>) => Promise<Result<M>>).call(socket, method, params);
  return useAnswer(`${method} ${JSON.stringify(params)}`, ask, options);
}

/** The answer of a route that reads, of another API, kept true. */
export function useRest<S extends Surface, O extends Operation<S>>(surface: S, operation: O, input: Input<S, O>,
  { actorId, ...options }: Options & { actorId?: string | undefined } = {}): Live<Reply<S, O>> {
  const key = `${surface} ${operation as string} ${actorId ?? ''} ${JSON.stringify(input)}`;
  return useAnswer(key, () => socket.rest(surface, operation, input, { actorId }), options);
}

export function useLink(): Link {
  const [link, set] = useState(socket.link);
  useEffect(() => {
    set(socket.link);                          // it may have changed since it was shown first
    return socket.onLink(set);
  }, []);
  return link;
}

export function useEvent<E extends keyof Events>(event: E, heard: (payload: Events[E]) => void): void {
  const now = useRef(heard);
  now.current = heard;
  useEffect(() => socket.on(event, (payload) => now.current(payload)), [event]);
}

export interface Action {
  isBusy: boolean;
  error: Refusal | undefined;
  run: () => Promise<void>;
}

/** Something that the reader does: busy meanwhile, and what was refused is said where it was asked. */
export function useAction(act: () => Promise<unknown>): Action {
  const [state, set] = useState<{ isBusy: boolean; error: Refusal | undefined }>({ isBusy: false, error: undefined });
  const run = async () => {
    set({ isBusy: true, error: undefined });
    try {
      await act();
      set({ isBusy: false, error: undefined });
    } catch (e) {
      set({ isBusy: false, error: asRefusal(e) });
    }
  };
  return { ...state, run };
}
