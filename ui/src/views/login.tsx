// The gate: a token or a pairing code for a cookie.
import { useState } from 'preact/hooks';
import { SignInError, signIn } from '../core/session';
import { t } from '../core/text';
import { Button, Field } from '../parts/parts';

export function Login({ say, entered }: { say: string; entered: () => void }) {
  const [secret, setSecret] = useState('');
  const [error, setError] = useState(say);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(secret.trim());
      entered();
    } catch (e) {
      setError(e instanceof SignInError || e instanceof Error ? e.message : String(e));
      setSecret('');
      setBusy(false);
    }
  };
  return (
    <main class="gate">
      <section class="panel">
        <header><h1 class="grow">human</h1></header>
        <form class="inside stack" onSubmit={(event) => void submit(event)}>
          <Field label={t('login.secret')} type="password" value={secret} onInput={setSecret} required maxLength={1000} autoFocus
            help={t('login.help')} error={error || undefined} />
          <Button type="submit" kind="main" icon="key-round" disabled={isBusy}>{isBusy ? t('login.wait') : t('login.title')}</Button>
        </form>
      </section>
    </main>
  );
}
