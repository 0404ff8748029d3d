// Begins: who is signed in, in which language; then the gate or the shell.
import './base.css';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { forget } from './core/live';
import { session, signIn, SignInError, signOut, takeSecret, type Session } from './core/session';
import { socket, type Role } from './core/socket';
import { t, useLocale } from './core/text';
import { theme } from './core/theme';
import { Shell } from './shell';
import { Login } from './views/login';

type Who = { role: Role; byCookie: boolean };
type State = { at: 'start' } | { at: 'gate'; say: string } | { at: 'in'; who: Who };

async function whoIs(): Promise<Session> {
  const secret = takeSecret();
  return secret ? signIn(secret) : session();
}

function Page() {
  const [state, set] = useState<State>({ at: 'start' });
  const gate = (say = '') => {
    socket.close();
    forget();
    set({ at: 'gate', say });
  };
  const enter = () => whoIs().then(({ role, byCookie }) => {
    if (!role) return gate();
    socket.close();
    socket.open();
    return set({ at: 'in', who: { role, byCookie } });
  }, (e: unknown) => gate(e instanceof SignInError && e.status === 401 ? '' : e instanceof Error ? e.message : String(e)));

  useEffect(() => {
    void enter();
    const moved = () => { if (location.hash.startsWith('#token=')) void enter(); };
    addEventListener('hashchange', moved);
    // A connection that ends may be a sign-in that has ended.
    const end = socket.onLink((link) => {
      if (link === 'open' && !socket.role) gate();
      if (link === 'lost') void session().then((now) => { if (!now.role) gate(t('login.ended')); }, (e: unknown) => { if (e instanceof SignInError && e.status === 401) gate(t('login.ended')); });
    });
    return () => {
      removeEventListener('hashchange', moved);
      end();
    };
  }, []);

  if (state.at === 'start') return null;
  if (state.at === 'gate') return <Login say={state.say} entered={() => void enter()} />;
  const leave = () => {
    socket.close();
    void signOut().catch(() => undefined).then(() => gate(t('login.left')));
  };
  return <Shell role={state.who.role} leave={state.who.byCookie ? leave : null} />;
}

theme();
const root = document.getElementById('root');
if (root) void useLocale().then(() => render(<Page />, root));
