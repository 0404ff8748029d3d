// The scripts of the server: who overrides what, an editor that tries a text as it is typed, a replay of what was decided,
// and the reload. Nothing changes before it is saved, and nothing is in force before all workers have said yes.
import './scripts.css';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FunctionComponent } from 'preact';
import { useAction, useLive } from '../core/live';
import { href, refine } from '../core/route';
import { Refusal, socket, type Result } from '../core/socket';
import { number, t, texts } from '../core/text';
import { useMedia } from '../core/media';
import { ActionButton, Button, Confirm, Empty, Failure, Icon, label, Mark, Note } from '../parts/parts';
import { say } from '../parts/toasts';
import { scripts } from '../text/scripts';
import { Examples, History, Replay, Votes, type Check, type Verdict } from './scripts_side';
import { Tree, type Listed } from './scripts_tree';
import type { ViewProps } from './views';

const words = texts(scripts);
type Script = Result<'scripts.read'>;
type EditorProps = Parameters<typeof import('./scripts_editor')['default']>[0];
const SETTLE_MS = 350;                         // after the last key
const SIDES = ['examples', 'replay', 'history'] as const;

/** Edits that are not saved; they stay while other views are open. */
interface Draft { text: string; hash: string }
const drafts = new Map<string, Draft>();
addEventListener('beforeunload', (event) => { if (drafts.size > 0) event.preventDefault(); });

/** What the server says of a text, as it is typed: one question at a time, the newest text last. */
function useCheck(path: string, text: string, isOn: boolean) {
  const [state, set] = useState<{ path: string; text?: string; found: Check | undefined; error: Refusal | undefined }>({ path, found: undefined, error: undefined });
  const now = useRef({ text, path, isAsking: false });
  now.current.text = text;
  now.current.path = path;
  const ask = useCallback(async () => {
    const mine = now.current;
    if (mine.isAsking || socket.link !== 'open') return;
    mine.isAsking = true;
    const asked = { path: mine.path, text: mine.text };
    try {
      set({ ...asked, found: await socket.call('scripts.check', asked), error: undefined });
    } catch (e) {
      set({ ...asked, found: undefined, error: e instanceof Refusal ? e : new Refusal('internal', String(e)) });
    }
    mine.isAsking = false;
    if (mine.text !== asked.text || mine.path !== asked.path) void ask();
  }, []);
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setTimeout(() => void ask(), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [path, text, isOn]);
  const isOf = state.path === path;
  return { found: isOf ? state.found : undefined, error: isOf ? state.error : undefined, isBusy: isOn && (!isOf || state.text !== text) };
}

function useEditor() {
  const [Editor, set] = useState<{ of: FunctionComponent<EditorProps> }>();
  useEffect(() => { void import('./scripts_editor').then((module) => set({ of: module.default })); }, []);
  return Editor?.of;
}

function Heading({ list, route, pending, reload }: { list: Result<'scripts.list'>; route: ViewProps['route']; pending: number; reload: ReturnType<typeof useAction> }) {
  const count = (test: (file: Listed) => boolean) => number(list.files.filter(test).length);
  return (
    <Empty icon="file-code" title={words('choose')}>
      <p class="narrow">{words('chooseHelp')}</p>
      <dl class="about">
        <dt>{words('inForce')}</dt><dd><code>{list.bundle}</code></dd>
        <dt>{words('directory')}</dt><dd><code dir="ltr">{list.directory ?? '–'}</code></dd>
        <dt>{words('files', { n: number(list.files.length) })}</dt>
        <dd><a href={href('scripts', null, { ...route.query, only: 'changed' })}>{words('counts', { overridden: count((f) => f.state === 'overridden'), own: count((f) => f.state === 'own'), outdated: count((f) => f.is_outdated) })}</a></dd>
      </dl>
      {pending > 0 && <ActionButton kind="main" icon="refresh-cw" action={reload}>{words('reload')} ({words('reloadPending', { n: number(pending) })})</ActionButton>}
      <Failure error={reload.error} />
    </Empty>
  );
}

interface OpenProps {
  script: Script;
  list: Result<'scripts.list'>;
  route: ViewProps['route'];
  pending: number;
  reload: ReturnType<typeof useAction>;
  verdict: Verdict | null;
  judged: (verdict: Verdict | null) => void;
  turn: () => void;
}

function Open({ script, list, route, pending, reload, verdict, judged, turn }: OpenProps) {
  const path = script.path;
  const Editor = useEditor();
  const draft = drafts.get(path);
  const text = draft?.text ?? script.text;
  const isDirty = draft !== undefined && draft.text !== script.text;
  const side = SIDES.find((name) => name === route.query['side']) ?? 'examples';
  const mayWrite = list.may_edit && list.directory !== undefined;
  const check = useCheck(path, text, list.may_edit);
  const [isAsked, ask] = useState(false);
  const [place, setPlace] = useState<{ line: number }>();
  const show = (line: number) => setPlace({ line });
  const marks = useMemo(() => check.found?.problems.filter((one) => one.path === path && one.line !== undefined).map((one) => ({ line: one.line as number, message: one.message })) ?? [], [check.found, path]);

  const edit = (now: string) => {
    if (now === script.text) drafts.delete(path);
    else drafts.set(path, { text: now, hash: drafts.get(path)?.hash ?? script.hash });
    turn();
  };
  const save = useAction(async () => {
    const sent = drafts.get(path);
    if (!sent) return;
    await socket.call('scripts.save', { path, text: sent.text, hash: sent.hash });
    if (drafts.get(path)?.text === sent.text) drafts.delete(path);
    say(words('saved', { path }));
    turn();
  });
  const remove = useAction(async () => {
    await socket.call('scripts.remove', { path, hash: script.hash });
    drafts.delete(path);
    ask(false);
    say(words('removed', { path }));
    turn();
  });
  const drop = () => {
    const was = drafts.get(path);
    drafts.delete(path);
    turn();
    if (was) say(words('undone', { path }), () => { drafts.set(path, was); turn(); });
  };
  const isConflict = draft !== undefined && draft.hash !== script.hash;
  const trySave = () => { if (isDirty && mayWrite && !isConflict && !save.isBusy) void save.run(); };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return;
      event.preventDefault();
      trySave();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
  const isDiff = route.query['diff'] === '1' && script.shipped !== undefined;
  return (
    <>
      <section class="work" aria-label={label(path)}>
        <header class="row wrap">
          <h2 class="cut" dir="ltr" title={path}>{path}</h2>
          {!(isDirty && script.state === 'shipped') && <Mark tone={script.state === 'shipped' ? 'plain' : 'good'}>{words(script.state)}</Mark>}
          {script.is_outdated && <span title={words('outdatedHelp')}><Mark tone="bad" icon="triangle-alert">{words('outdated')}</Mark></span>}
          {isDirty && <Mark tone="warn" icon="pencil">{words('unsaved')}</Mark>}
          {!isDirty && script.pending && <Mark tone="warn" icon="clock">{words('pending')}</Mark>}
          <span class="grow" />
          {script.shipped !== undefined && <button type="button" class="button" aria-pressed={isDiff} onClick={() => refine({ diff: isDiff ? undefined : '1' })}>{words('diff')}</button>}
          {isDirty && <Button icon="undo-2" label={words('undoEdit')} onClick={drop} />}
          {script.state !== 'shipped' && <Button icon="trash-2" kind="risky" label={words(script.state === 'own' ? 'removeOwn' : 'remove')} disabled={!mayWrite} onClick={() => ask(true)} />}
          {isDirty || pending === 0
            ? <ActionButton kind="main" icon="check" action={save} disabled={!isDirty || !mayWrite || isConflict || check.found?.ok === false}>{words('save')}</ActionButton>
            : <ActionButton kind="main" icon="refresh-cw" action={reload} disabled={!list.may_edit}>{words('reload')} ({words('reloadPending', { n: number(pending) })})</ActionButton>}
        </header>
        {!mayWrite && <Note tone="warn" icon="triangle-alert">{words('readOnly')}: {list.why_not ?? list.why}</Note>}
        {isConflict && (
          <Note tone="warn" icon="triangle-alert">{words('conflict')}{' '}
            <Button onClick={drop}>{words('takeTheirs')}</Button>{' '}
            <Button onClick={() => { drafts.set(path, { text, hash: script.hash }); turn(); }}>{words('keepMine')}</Button>
          </Note>)}
        <Failure error={save.error ?? reload.error} />
        {verdict && <Votes verdict={verdict} close={() => judged(null)} />}
        {Editor ? <Editor name={path} label={path} text={text} against={isDiff ? script.shipped : undefined} isReadOnly={!list.may_edit} marks={marks} place={place} onInput={edit} onSave={trySave} />
          : <div class="editor" aria-busy="true" />}
      </section>
      <aside class="tried" aria-label={words('examples')}>
        <nav class="tabs" aria-label={words('examples')}>
          {SIDES.map((name) => (
            <a key={name} href={href('scripts', path, { ...route.query, side: name === 'examples' ? undefined : name })} aria-current={name === side ? 'page' : undefined}>
              {words(name)}{name === 'examples' && check.found && !check.found.ok && <span class="sign bad"> ●</span>}
            </a>))}
        </nav>
        <div class="inside" tabIndex={0} role="region" aria-label={words(side)}>
          {side === 'examples' && <Examples path={path} isRule={script.is_rule} {...check} show={show} />}
          {side === 'replay' && <Replay path={path} text={text} isRule={script.is_rule} mayEdit={list.may_edit} />}
          {side === 'history' && <History mayEdit={mayWrite} show={judged} />}
        </div>
      </aside>
      {isAsked && <Confirm title={words('removeTitle', { path })} text={words(script.state === 'own' ? 'removeOwnText' : 'removeText')} label={words(script.state === 'own' ? 'removeOwn' : 'remove')} action={remove} onClose={() => ask(false)} />}
    </>
  );
}

export default function Scripts({ route }: ViewProps) {
  const [, count] = useState(0);
  const turn = () => count((n) => n + 1);
  const list = useLive('scripts.list', {}, { on: ['scripts.changed'], everyMs: 60_000 });
  const script = useLive('scripts.read', { path: route.what ?? '-' }, { on: ['scripts.changed'], off: route.what === null });
  const [verdict, judged] = useState<Verdict | null>(null);
  const reload = useAction(async () => {
    judged(null);
    judged(await socket.call('scripts.reload'));
    list.reload();
  });
  const isSmall = useMedia('(max-width: 60rem)');
  const pending = list.data?.files.filter((file) => file.pending).length ?? 0;
  const tree = list.data && <Tree files={list.data.files} query={route.query} chosen={route.what} drafts={drafts} />;
  return (
    <div class={route.what === null ? 'scripts none' : 'scripts'}>
      {isSmall && route.what !== null ? <details key={route.what} class="fold"><summary><Icon name="chevron-right" />{words('tree')}</summary>{tree}</details> : tree}
      {list.error && <div class="work"><Failure error={list.error} retry={list.reload} /></div>}
      {list.data && route.what === null && (
        <div class="work">{verdict && <Votes verdict={verdict} close={() => judged(null)} />}<Heading list={list.data} route={route} pending={pending} reload={reload} /></div>)}
      {route.what !== null && script.error && !script.data && (
        <div class="work"><Empty icon="circle-alert" title={script.error.message}><a class="button" href={href('scripts', null, route.query)}>{t('view.scripts')}</a></Empty></div>)}
      {list.data && script.data && script.data.path === route.what && (
        <Open key={script.data.path} script={script.data} list={list.data} route={route} pending={pending} reload={reload} verdict={verdict} judged={judged} turn={turn} />)}
    </div>
  );
}
