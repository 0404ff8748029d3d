// What is around every view: the menu, the state of the connection, commands, keys.
import type { FunctionComponent } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { bound, useKeys } from './core/keys';
import { useLink } from './core/live';
import { go, href, useRoute } from './core/route';
import { socket, type Role } from './core/socket';
import { current, locales, t, useLocale } from './core/text';
import { theme, themes, type Theme } from './core/theme';
import { Button, Dialog, Empty, Icon, label } from './parts/parts';
import type { IconName } from './parts/shapes';
import { Toasts } from './parts/toasts';
import { useApprovals } from './parts/approval';
import { views, type View, type ViewProps } from './views/views';

interface Command {
  label: string;
  icon: IconName;
  keys?: string | undefined;
  run: () => void;
}

const GROUPS = ['now', 'make', 'trade', 'run'] as const;

function Side({ now, isOpen, close, leave }: { now: string; isOpen: boolean; close: () => void; leave: (() => void) | null }) {
  const waiting = useApprovals().data?.approvals.length ?? 0;
  return (
    <aside class={isOpen ? 'side open' : 'side'} id="side" aria-label="human">
      <span class="brand"><Icon name="sparkles" />human</span>
      <nav aria-label={t('menu')}>
        {GROUPS.map((group) => {
          const list = views.filter((view) => view.group === group && !view.isHidden);
          return list.length > 0 && (
            <div key={group}>
              <p class="group">{t(`group.${group}`)}</p>
              {list.map((view) => (
                <a key={view.name} href={href(view.name)} aria-current={view.name === now ? 'page' : undefined} onClick={close}>
                  <Icon name={view.icon} />{t(view.label)}
                  {view.name === 'approvals' && waiting > 0 && <span class="n">{waiting}</span>}
                </a>
              ))}
            </div>
          );
        })}
      </nav>
      <div class="foot">
        <LinkState />
        {leave && <Button kind="plain" icon="log-out" onClick={leave}>{t('login.out')}</Button>}
      </div>
    </aside>
  );
}

function LinkState() {
  const link = useLink();
  return <span class="grow" role="status">{t(`link.${link === 'closed' ? 'connecting' : link === 'lost' ? 'off' : link}`)}</span>;
}

function Palette({ commands, close }: { commands: Command[]; close: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const found = useMemo(() => commands.filter((one) => one.label.toLowerCase().includes(text.trim().toLowerCase())), [commands, text]);
  const run = (command: Command | undefined) => { if (command) { close(); command.run(); } };
  const move = (by: number) => {
    const next = (at + by + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else if (event.key === 'Enter') run(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t('palette.title')} onClose={close} plain>
      <input class="input" role="combobox" aria-expanded aria-controls="commands" aria-activedescendant={`command-${at}`} aria-label={t('palette.hint')}
        placeholder={t('palette.hint')} value={text} autofocus onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown={pressed} />
      <ul id="commands" role="listbox" aria-label={t('palette.title')} ref={list}>
        {found.map((one, i) => (
          <li key={one.label} id={`command-${i}`} role="option" aria-selected={i === at} onClick={() => run(one)} onMouseMove={() => setAt(i)}>
            <Icon name={one.icon} /><span class="grow">{one.label}</span>{one.keys?.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}
          </li>
        ))}
      </ul>
      {found.length === 0 && <Empty icon="search" title={t('palette.none')} />}
    </Dialog>
  );
}

function Keys({ close }: { close: () => void }) {
  return (
    <Dialog title={t('keys.title')} onClose={close}>
      <ul class="stack">
        {bound().map((one) => (
          <li key={one.keys} class="row">
            <span class="grow">{one.keys.startsWith('g ') ? t('keys.go', { name: t(one.label) }) : t(one.label)}</span>
            {one.keys.replace('mod+k', 'Ctrl K').split(' ').map((key) => <kbd key={key}>{key}</kbd>)}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function GoKey({ view }: { view: View & { key: string } }) {
  useKeys(`g ${view.key}`, view.label, () => go(href(view.name)));
  return null;
}

const loaded = new Map<string, FunctionComponent<ViewProps>>();

/** The component of a view, once its chunk is here. */
function useView(view: View | undefined) {
  const [, turn] = useState(0);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    setFailed(null);
    if (!view || loaded.has(view.name)) return;
    view.load().then((module) => { loaded.set(view.name, module.default); turn((n) => n + 1); }, () => setFailed(view.name));
  }, [view]);
  return { Component: view && loaded.get(view.name), hasFailed: view !== undefined && failed === view.name };
}

function Stage({ view, role, openMenu, isMenuOpen, ask }: { view: View | undefined; role: Role; openMenu: () => void; isMenuOpen: boolean; ask: () => void }) {
  const route = useRoute();
  const link = useLink();
  const { Component, hasFailed } = useView(view);
  const title = view ? t(view.label) : t('view.unknown');
  useEffect(() => { document.title = `${route.what ? label(route.what) : title} · human`; }, [title, route.what]);
  return (
    <div class="stage">
      <header class="top">
        <span class="menu-button"><button type="button" class="button square plain" aria-label={t('menu')} aria-expanded={isMenuOpen} aria-controls="side" onClick={openMenu}><Icon name="menu" /></button></span>
        <h1 class="cut">{title}</h1>
        <Button icon="search" kind="plain" label={t('palette.title')} onClick={ask} />
      </header>
      {link === 'lost' && <p class="offline row"><span class="grow">{t('link.lost')}</span><Button kind="plain" icon="refresh-cw" onClick={() => socket.hurry()}>{t('link.now')}</Button></p>}
      <main id="content" class={view?.isWhole ? 'whole' : undefined} tabIndex={-1}>
        {!view && <Empty icon="circle-alert" title={t('view.unknown')}><p>{t('view.unknownHelp')}</p></Empty>}
        {hasFailed && <Empty icon="circle-alert" title={t('view.failed')}><Button onClick={() => location.reload()}>{t('again')}</Button></Empty>}
        {Component && <Component route={route} role={role} />}
      </main>
    </div>
  );
}

export function Shell({ role, leave }: { role: Role; leave: (() => void) | null }) {
  const route = useRoute();
  const [dialog, setDialog] = useState<'palette' | 'keys' | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [, turn] = useState(0);
  useKeys('mod+k', 'keys.palette', () => setDialog('palette'));
  useKeys('?', 'keys.help', () => setDialog('keys'));
  const changed = (change: Promise<void> | void) => void Promise.resolve(change).then(() => turn((n) => n + 1));
  const commands: Command[] = [
    ...views.filter((view) => !view.isHidden).map((view) => ({ label: t(view.label), icon: view.icon, keys: view.key && `g ${view.key}`, run: () => go(href(view.name)) })),
    ...themes.map((name: Theme) => ({ label: `${t('theme.title')}: ${t(`theme.${name}`)}`, icon: 'moon' as const, run: () => changed(theme(name)) })),
    ...locales.filter(([name]) => name !== current()).map(([name, label]) => ({ label: `${t('locale.title')}: ${label}`, icon: 'languages' as const, run: () => changed(useLocale(name)) })),
    { label: t('keys.title'), icon: 'terminal', keys: '?', run: () => setDialog('keys') },
    ...(leave ? [{ label: t('login.out'), icon: 'log-out' as const, run: leave }] : []),
  ];
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById('content')?.focus(); }}>{t('skip')}</a>
      <Side now={route.view} isOpen={isMenuOpen} close={() => setMenuOpen(false)} leave={leave} />
      <Stage view={views.find((view) => view.name === route.view)} role={role} openMenu={() => setMenuOpen(!isMenuOpen)} isMenuOpen={isMenuOpen} ask={() => setDialog('palette')} />
      {dialog === 'palette' && <Palette commands={commands} close={() => setDialog(null)} />}
      {dialog === 'keys' && <Keys close={() => setDialog(null)} />}
      {views.filter((view): view is View & { key: string } => view.key !== undefined).map((view) => <GoKey key={view.name} view={view} />)}
      <Toasts />
    </div>
  );
}
