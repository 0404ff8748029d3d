// The settings, as the server describes them: a form, what would change before it is saved, and a way back.
import { useMemo, useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { href, refine } from '../core/route';
import { socket } from '../core/socket';
import { number, t, texts } from '../core/text';
import { ActionButton, Button, Dialog, Failure, label, Mark, Note, visible } from '../parts/parts';
import { say } from '../parts/toasts';
import { config } from '../text/config';
import { Choices, NothingLikeThis, Search, Select } from './server';
import type { ViewProps } from './views';

const words = texts(config);

interface Property {
  type?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  enum?: string[];
  writeOnly?: boolean;
  'x-restart'?: boolean;
}
interface Setting extends Property {
  name: string;
  value: unknown;
}
/** What was typed: a text as it stands in the field, or "as by default". */
type Edits = Readonly<Record<string, string | null>>;

const valueAt = (tree: unknown, name: string): unknown => name.split('.').reduce<unknown>((at, part) => (at && typeof at === 'object' ? (at as Record<string, unknown>)[part] : undefined), tree);
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const isEmpty = (value: unknown) => value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
const groupOf = (name: string) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : 'server');

function written(one: Property, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (one.type === 'array' && Array.isArray(value)) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

/** The value that a text means; what is wrong with it. */
function meant(one: Property, text: string | null): { value: unknown } | { wrong: string } {
  if (text === null) return { value: null };
  if (one.type === 'integer' || one.type === 'number') return text.trim() === '' || !Number.isFinite(Number(text)) ? { wrong: words('notNumber') } : { value: Number(text) };
  if (one.type === 'boolean') return { value: text === 'true' };
  if (one.type === 'array') return { value: text.split('\n').map((line) => line.trim()).filter(Boolean) };
  if (one.type !== 'object') return { value: text };
  try {
    return { value: JSON.parse(text || '{}') as unknown };
  } catch {
    return { wrong: words('notJson') };
  }
}

function useSettings() {
  const now = useLive('config.get', {}, { on: ['config.changed'] });
  const schema = useLive('config.schema', {});
  const settings = useMemo(() => {
    const properties = (schema.data?.schema as { properties?: Record<string, Property> } | undefined)?.properties ?? {};
    return Object.entries(properties).map(([name, one]): Setting => ({ ...one, name, value: valueAt(now.data?.config, name) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }, [now.data, schema.data]);
  return { settings, hash: now.data?.hash, exists: now.data?.exists, error: now.error ?? schema.error, reload: now.reload, isHere: now.data !== undefined && schema.data !== undefined };
}

function Editor({ one, text, onInput }: { one: Setting; text: string; onInput: (text: string) => void }) {
  const id = `setting-${one.name}`;
  const shared = { id, class: 'input', 'aria-describedby': `${id}-about` };
  if (one.type === 'boolean') return <select {...shared} value={text} onChange={(event) => onInput(event.currentTarget.value)}><option value="true">{words('yes')}</option><option value="false">{words('no')}</option></select>;
  if (one.enum) return <select {...shared} value={text} onChange={(event) => onInput(event.currentTarget.value)}>{one.enum.map((name) => <option key={name}>{name}</option>)}</select>;
  const heard = (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value);
  if (one.type === 'array' || one.type === 'object') return <textarea {...shared} rows={Math.min(8, text.split('\n').length + 1)} spellcheck={false} value={text} onInput={heard} />;
  return <input {...shared} type="text" inputMode={one.type === 'integer' || one.type === 'number' ? 'numeric' : undefined} autocomplete="off" spellcheck={false} value={text} maxLength={one.maxLength} onInput={heard} />;
}

function Row({ one, edit, change }: { one: Setting; edit: string | null | undefined; change: (text: string | null | undefined) => void }) {
  const id = `setting-${one.name}`;
  const text = edit === undefined ? written(one, one.value) : edit === null ? written(one, one.default) : edit;
  const found = edit === undefined ? undefined : meant(one, edit);
  const heard = (next: string) => {
    const now = meant(one, next);
    change('value' in now && same(now.value, one.value) ? undefined : next);
  };
  return (
    <li class={edit === undefined ? 'setting' : 'setting edited'}>
      <div class="stack tight">
        <label for={one.writeOnly ? undefined : id}><code>{one.name}</code></label>
        <p class="about" id={`${id}-about`}>{one.description && visible(one.description)}
          {!isEmpty(one.default) && <span class="faint"> · {words('default', { value: label(written(one, one.default).replaceAll('\n', ', '), 60) })}</span>}
          {one.minimum !== undefined && one.maximum !== undefined && <span class="faint"> · {words('range', { min: number(one.minimum), max: number(one.maximum) })}</span>}</p>
      </div>
      <div class="stack tight">
        {one.writeOnly ? <p class="soft">{words('secret')}<a href={href('secrets', one.name)}>{words('toSecrets')}</a></p> : <Editor one={one} text={text} onInput={heard} />}
        {one.type === 'array' && <p class="faint">{words('list')}</p>}
        {found && 'wrong' in found && <p class="wrong" role="alert">{found.wrong}</p>}
        <span class="row wrap">
          {one['x-restart'] && <Mark tone={edit === undefined ? 'plain' : 'warn'}>{words('restart')}</Mark>}
          {!one.writeOnly && edit !== null && one.default !== undefined && !same(one.value, one.default) && <Button kind="plain" icon="undo-2" onClick={() => change(null)}>{words('back')}</Button>}
        </span>
      </div>
    </li>
  );
}

const shown = (one: Setting, value: unknown) => (isEmpty(value) ? words('unset') : visible(written(one, value)));

function Review({ list, edits, hash, close, saved }: { list: Setting[]; edits: Edits; hash: string | undefined; close: () => void; saved: () => void }) {
  const changes = Object.fromEntries(list.map((one) => {
    const now = meant(one, edits[one.name] ?? null);
    return [one.name, 'value' in now ? now.value : null];
  }));
  const save = useAction(async () => {
    const before = Object.fromEntries(list.map((one) => [one.name, same(one.value, one.default) || one.value === undefined ? null : one.value]));
    const done = await socket.call('config.set', { raw: JSON.stringify(changes), ...(hash && { baseHash: hash }) });
    const undo = () => void socket.call('config.set', { raw: JSON.stringify(before), baseHash: done.hash }).then(() => say(words('undone')), (e: unknown) => say(e instanceof Error ? e.message : String(e)));
    say(done.restart_required.length > 0 ? words('savedLater', { names: done.restart_required.join(', ') }) : words('saved'), undo);
    saved();
  });
  return (
    <Dialog title={words('reviewTitle')} onClose={close} footer={<><Button onClick={close}>{t('cancel')}</Button><ActionButton kind="main" icon="check" action={save}>{words('save')}</ActionButton></>}>
      <div class="stack">
        <Failure error={save.error} />
        <ul class="diff">{list.map((one) => (
          <li key={one.name} class="stack tight"><span class="row wrap"><code>{one.name}</code>{one['x-restart'] && <Mark tone="warn">{words('restart')}</Mark>}</span>
            <span><span class="unseen">{words('was')}: </span><span class="was mono">{shown(one, one.value)}</span></span>
            <span><span class="unseen">{words('now')}: </span><span class="now mono">{edits[one.name] === null ? shown(one, one.default) : shown(one, changes[one.name])}</span></span></li>))}</ul>
      </div>
    </Dialog>
  );
}

export default function Config({ route }: ViewProps) {
  const { query } = route;
  const { settings, hash, exists, error, reload, isHere } = useSettings();
  const [edits, setEdits] = useState<Edits>({});
  const [isReviewing, review] = useState(false);
  const edited = settings.filter((one) => edits[one.name] !== undefined);
  const isWrong = edited.some((one) => 'wrong' in meant(one, edits[one.name] ?? null));
  const find = (query['q'] ?? '').trim().toLowerCase(), group = query['group'], which = query['show'] ?? 'all';
  const groups = [...new Set(settings.map((one) => groupOf(one.name)))].sort();
  const rows = settings.filter((one) => (!group || groupOf(one.name) === group) && `${one.name} ${one.description ?? ''}`.toLowerCase().includes(find)
    && (which === 'all' || (which === 'edited' ? edits[one.name] !== undefined : !isEmpty(one.value) && !same(one.value, one.default))));
  const change = (name: string) => (text: string | null | undefined) => setEdits((before) => {
    const { [name]: _, ...rest } = before;
    return text === undefined ? rest : { ...rest, [name]: text };
  });
  return (
    <div class="work">
      <div class="bar">
        <Search value={query['q']} />
        <Select label={words('groups')} value={group ?? ''} onChange={(name) => refine({ group: name || undefined })} list={[{ name: '', label: words('all') }, ...groups.map((name) => ({ name, label: name }))]} />
        <Choices label={words('show')} chosen={which} list={(['all', 'changed', 'edited'] as const).map((name) => ({ name, label: words(name), href: href('config', null, { ...query, show: name === 'all' ? undefined : name }) }))} />
        <span class="grow" />
        {edited.length > 0 && <Button kind="plain" onClick={() => setEdits({})}>{words('discard')}</Button>}
        <Button kind="main" icon="check" disabled={edited.length === 0 || isWrong} onClick={() => review(true)}>{edited.length === 0 ? words('nothing') : words('review', { n: number(edited.length) })}</Button>
      </div>
      <div class="halves"><div class="list">
        <Failure error={error} retry={reload} />
        {exists === false && <Note icon="circle-alert">{words('noFile')}</Note>}
        {isHere && rows.length === 0 && <NothingLikeThis />}
        <ul class="settings">{rows.map((one) => <Row key={one.name} one={one} edit={edits[one.name]} change={change(one.name)} />)}</ul>
      </div></div>
      {isReviewing && <Review list={edited} edits={edits} hash={hash} close={() => review(false)} saved={() => { review(false); setEdits({}); }} />}
    </div>
  );
}
