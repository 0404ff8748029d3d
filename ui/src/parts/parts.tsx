// The parts that all views are made of. Whatever comes from the server is shown as text, never as markup.
import type { ComponentChildren } from 'preact';
import { h } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Action } from '../core/live';
import type { Refusal } from '../core/socket';
import { ago, exact, money, t, type Key } from '../core/text';
import { shapeOf, type IconName } from './shapes';

type Children = { children?: ComponentChildren };
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

const classes = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(' ');

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {shapeOf(name).map(([tag, attributes], i) => h(tag, { key: i, ...attributes }))}
    </svg>
  );
}

interface ButtonProps extends Children {
  icon?: IconName | undefined;
  kind?: 'main' | 'risky' | 'plain' | undefined;
  /** Says what a button with an icon alone does. */
  label?: string | undefined;
  onClick?: (() => void) | undefined;
  type?: 'submit' | 'button' | undefined;
  disabled?: boolean | undefined;
}

export function Button({ icon, kind, label, onClick, type = 'button', disabled, children }: ButtonProps) {
  return (
    <button type={type} class={classes('button', kind, !children && 'square')} aria-label={label} title={label}
      disabled={disabled} onClick={onClick}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button for something that takes a while and may be refused. */
export function ActionButton({ action, ...rest }: ButtonProps & { action: Action }) {
  return <Button {...rest} disabled={action.isBusy || rest.disabled} onClick={() => void action.run()} />;
}

export function Mark({ tone = 'plain', icon, children }: Children & { tone?: Tone; icon?: IconName }) {
  return <span class={classes('mark', tone)}>{icon && <Icon name={icon} />}{children}</span>;
}

export function Note({ tone = 'plain', icon, children }: Children & { tone?: Tone; icon?: IconName }) {
  return <div class={classes('note', tone)} role={tone === 'bad' ? 'alert' : undefined}>{icon && <Icon name={icon} />}<div>{children}</div></div>;
}

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, retry }: { error: Refusal | undefined; retry?: () => void }) {
  if (!error) return null;
  return (
    <Note tone="bad" icon="circle-alert">
      {error.message} <span class="mono">{error.code}</span>{' '}
      {retry && <button type="button" class="button plain" onClick={retry}>{t('again')}</button>}
    </Note>
  );
}

/** Nothing is here, and what to do next. */
export function Empty({ icon, title, children }: Children & { icon: IconName; title: string }) {
  return <div class="empty"><Icon name={icon} /><strong>{title}</strong>{children}</div>;
}

export function Panel({ title, action, children, flush = false }: Children & { title: string; action?: ComponentChildren; flush?: boolean }) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <header><h2 id={id}>{title}</h2>{action}</header>
      {flush ? children : <div class="inside">{children}</div>}
    </section>
  );
}

export function Figure({ label, value, more }: { label: string; value: ComponentChildren; more?: ComponentChildren }) {
  return <dl class="figure"><dt>{label}</dt><dd>{value} {more !== undefined && <small>{more}</small>}</dd></dl>;
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  help?: string;
  error?: string | undefined;
  type?: 'text' | 'password' | 'search' | 'number';
  lines?: number;
  required?: boolean;
  maxLength?: number;
  placeholder?: string;
  autoFocus?: boolean;
}

export function Field({ label, value, onInput, help, error, type = 'text', lines, autoFocus, ...rest }: FieldProps) {
  const id = useId();
  const box = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => { if (autoFocus) box.current?.focus(); }, []);
  const shared = {
    id, ref: box, class: 'input', value, autocomplete: 'off', spellcheck: lines !== undefined, ...rest,
    'aria-invalid': error ? true : undefined, 'aria-describedby': help || error ? `${id}-about` : undefined,
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines ? <textarea {...shared} rows={lines} /> : <input {...shared} type={type as 'text'} />}
      {(help || error) && <p id={`${id}-about`} class={error ? 'wrong' : 'soft'} role={error ? 'alert' : undefined}>{error ?? help}</p>}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  /** What there is to choose from: values, and how each is called. */
  list: ReadonlyArray<readonly [string, string]>;
  onChange: (value: string) => void;
  disabled?: boolean;
  /** The label is for those who do not see what it is about. */
  bare?: boolean;
}

export function Select({ label, value, list, onChange, disabled, bare = false }: SelectProps) {
  const id = useId();
  return (
    <div class={bare ? 'row' : 'field'}>
      <label for={id} class={bare ? 'unseen' : undefined}>{label}</label>
      <select id={id} class="input" value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)}>
        {list.map(([one, text]) => <option key={one} value={one}>{text}</option>)}
      </select>
    </div>
  );
}

/** A time as people say it, the exact one on hover, kept true while it is in sight. */
export function Time({ at }: { at: number | string | null | undefined }) {
  const [, turn] = useState(0);
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  useEffect(() => {
    const clock = setInterval(() => turn((n) => n + 1), 15_000);
    return () => clearInterval(clock);
  }, []);
  if (ms == null || Number.isNaN(ms)) return <span class="faint">–</span>;
  return <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>{ago(ms)}</time>;
}

export const Money = ({ cents }: { cents: number }) => <span class="num">{money(cents)}</span>;

// What is not seen, or turns the order of what is seen around.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e01ff}]/gu;

/** A text in which every character shows itself, for what somebody has to judge. */
export const visible = (text: string): string => text.replace(HIDDEN, (c) => {
  const code = (c.codePointAt(0) ?? 0).toString(16);
  return c.length > 1 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
});

/** A name that somebody has chosen, on one line: what is not seen shows itself, and it ends somewhere. */
export function label(text: string, most = 120): string {
  const all = Array.from(visible(text.slice(0, 2 * most)).replace(/\s+/g, ' '));
  return all.length > most ? `${all.slice(0, most).join('')}…` : all.join('');
}

export function Code({ value }: { value: unknown }) {
  return <pre class="code" tabIndex={0}>{visible(typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '')}</pre>;
}

/** A dialog of the browser's own: it holds the focus, and Escape closes it. */
export function Dialog({ title, onClose, children, footer, plain = false, wide = false }: Children & {
  title: string; onClose: () => void; footer?: ComponentChildren; plain?: boolean; wide?: boolean;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => { box.current?.showModal(); }, []);
  return (
    <dialog ref={box} aria-label={title} class={plain ? 'palette' : wide ? 'wide' : undefined} onClose={onClose}
      onClick={(event) => { if (event.target === box.current) box.current?.close(); }}>
      {!plain && <header><h2 class="grow">{title}</h2><Button icon="x" kind="plain" label={t('close')} onClick={() => box.current?.close()} /></header>}
      {plain ? children : <div class="inside">{children}</div>}
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, text, label, action, onClose }: { title: string; text: string; label: string; action: Action; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}
      footer={<><Button onClick={onClose}>{t('cancel')}</Button><ActionButton kind="main" action={action}>{label}</ActionButton></>}>
      <p>{text}</p>
      <Failure error={action.error} />
    </Dialog>
  );
}

/** text: of the view's own texts, in place of a label of the page's. */
export type Tab = { name: string; href: string } & ({ label: Key } | { text: string });

export function Tabs({ list, chosen }: { list: ReadonlyArray<Tab>; chosen: string }) {
  return (
    <nav class="tabs">
      {list.map((one) => <a key={one.name} href={one.href} aria-current={one.name === chosen ? 'page' : undefined}>{'text' in one ? one.text : t(one.label)}</a>)}
    </nav>
  );
}
