// What the views of the group Server are made of: a bar with filters, a list, and beside it what is open of it.
import './server.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKeys } from '../core/keys';
import { go, refine } from '../core/route';
import { texts } from '../core/text';
import { Button, Empty, Icon } from '../parts/parts';
import { say } from '../parts/toasts';
import { server } from '../text/server';

const words = texts(server);

/** The whole view: filters above, a list, and beside it what is open (on a narrow page: instead of it). */
export function Work({ bar, children, beside }: { bar: ComponentChildren; children: ComponentChildren; beside?: ComponentChildren }) {
  return (
    <div class="work">
      <div class="bar">{bar}</div>
      <div class={beside ? 'halves two' : 'halves'}>
        <div class="list">{children}</div>
        {beside && <div class="beside">{beside}</div>}
      </div>
    </div>
  );
}

/** What is open of a list. */
export function Beside({ title, close, children, action }: { title: ComponentChildren; close: string; children: ComponentChildren; action?: ComponentChildren }) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]')) go(close);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [close]);
  return (
    <section class="stack">
      <header class="row">
        <h2 class="grow">{title}</h2>{action}
        <a class="button square plain" href={close} aria-label={words('back')} title={words('back')}><Icon name="x" /></a>
      </header>
      {children}
    </section>
  );
}

/** A search whose text is in the address; `/` leads to it. */
export function Search({ value, name = 'q', placeholder }: { value: string | undefined; name?: string; placeholder?: string }) {
  const box = useRef<HTMLInputElement>(null);
  useKeys('/', 'keys.search', () => box.current?.focus());
  return (
    <input ref={box} class="input" type="search" aria-label={placeholder ?? words('find')} placeholder={placeholder ?? words('find')} value={value ?? ''}
      autocomplete="off" spellcheck={false} maxLength={200} onInput={(event) => refine({ [name]: event.currentTarget.value })} />
  );
}

export interface Choice {
  name: string;
  label: ComponentChildren;
  href: string;
}

export function Choices({ label, list, chosen }: { label: string; list: ReadonlyArray<Choice>; chosen: string }) {
  return (
    <nav class="choices" aria-label={label}>
      {list.map((one) => <a key={one.name} href={one.href} aria-current={one.name === chosen ? 'true' : undefined}>{one.label}</a>)}
    </nav>
  );
}

export function Select({ label, value, list, onChange }: { label: string; value: string; list: ReadonlyArray<{ name: string; label: string }>; onChange: (value: string) => void }) {
  return (
    <select class="input" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {list.map((one) => <option key={one.name} value={one.name}>{one.label}</option>)}
    </select>
  );
}

/** Names and what they are; what is not known is left out. */
export function Facts({ list }: { list: ReadonlyArray<readonly [string, ComponentChildren]> }) {
  return (
    <dl class="facts">
      {list.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false).map(([name, value]) => [<dt key={`${name} name`}>{name}</dt>, <dd key={name}>{value}</dd>])}
    </dl>
  );
}

export function Copy({ text, label }: { text: string; label?: string }) {
  return (
    <Button kind="plain" icon="copy" label={label ?? words('copy')}
      onClick={() => void navigator.clipboard.writeText(text).then(() => say(words('copied')), (e: unknown) => say(String(e)))} />
  );
}

export const NothingLikeThis = () => <Empty icon="filter" title={words('none')}><p>{words('noneHelp')}</p></Empty>;

export const shared = words;
