// Who the page is signed in as. The secret is sent once, for a cookie that scripts cannot read.

export interface Session {
  role: 'operator' | 'viewer' | 'node' | null;
  byCookie: boolean;
}

export class SignInError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = 'SignInError';
  }
}

async function ask(method: string, body?: unknown): Promise<Session> {
  const answer = await fetch(new URL('ui/session', location.href), {
    method, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (answer.status === 204) return { role: null, byCookie: false };
  const said = await answer.json() as Session & { message?: string };
  if (answer.ok) return said;
  throw new SignInError(answer.status, said.message ?? `The server answers ${answer.status}.`);
}

export const session = () => ask('GET');
export const signIn = (secret: string) => ask('POST', /^[0-9]{6,8}$/.test(secret) ? { code: secret } : { token: secret });
export const signOut = () => ask('DELETE');

/** The secret of a link that was opened (`/#token=…`), which it takes out of the address, or null. */
export function takeSecret(): string | null {
  const found = /^#token=([^&]+)$/.exec(location.hash)?.[1];
  if (found === undefined) return null;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
