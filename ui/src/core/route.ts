// Where the reader is: `#view/what?name=value`. All that a link has to bring back is in it; paths stay free for APIs.
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  view: string;
  /** What of the view is open: a key, an id. */
  what: string | null;
  query: Readonly<Record<string, string>>;
}

const decode = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Reads a fragment. `chat:KEY` is how links looked before. */
export function read(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const old = /^chat:(.*)$/.exec(path);
  if (old) return { view: 'chat', what: decode(old[1] ?? ''), query: {} };
  const at = path.indexOf('/');
  const view = at < 0 ? path : path.slice(0, at);
  return {
    view: view || 'overview', what: at < 0 ? null : decode(path.slice(at + 1)),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function href(view: string, what?: string | null, query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '');
  const rest = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  return `#${view}${what ? `/${encodeURIComponent(what)}` : ''}${rest}`;
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes the query of where the reader is, without a step of its own in the history. */
export function refine(changes: Record<string, string | undefined>): void {
  const now = read(location.hash);
  history.replaceState(null, '', href(now.view, now.what, { ...now.query, ...changes }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route {
  const [route, set] = useState(() => read(location.hash));
  useEffect(() => {
    const moved = () => set(read(location.hash));
    moved();                                   // it may have changed since it was read first
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return route;
}
