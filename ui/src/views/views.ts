// The views: where each is in the menu, its key, and how it is loaded. A new view is a line here and a file beside.
import type { FunctionComponent } from 'preact';
import type { Route } from '../core/route';
import type { Role } from '../core/socket';
import type { Key } from '../core/text';
import type { IconName } from '../parts/shapes';

export interface ViewProps {
  route: Route;
  role: Role;
}

export interface View {
  name: string;
  label: Key;
  icon: IconName;
  group: 'now' | 'make' | 'trade' | 'run';
  /** After `g`. */
  key?: string;
  /** It fills the page, and scrolls by itself. */
  isWhole?: boolean;
  isHidden?: boolean;
  load: () => Promise<{ default: FunctionComponent<ViewProps> }>;
}

export const views: ReadonlyArray<View> = [
  { name: 'overview', label: 'view.overview', icon: 'house', group: 'now', key: 'h', load: () => import('./overview') },
  { name: 'chat', label: 'view.chat', icon: 'message-square', group: 'now', key: 'c', isWhole: true, load: () => import('./chat') },
  { name: 'approvals', label: 'view.approvals', icon: 'shield-check', group: 'now', key: 'a', load: () => import('./approvals') },
  { name: 'automations', label: 'view.automations', icon: 'calendar-clock', group: 'make', key: 'j', isWhole: true, load: () => import('./automations') },
  { name: 'skills', label: 'view.skills', icon: 'book-open', group: 'make', key: 'k', isWhole: true, load: () => import('./skills') },
  { name: 'tools', label: 'view.tools', icon: 'wrench', group: 'make', key: 't', isWhole: true, load: () => import('./tools') },
  { name: 'trades', label: 'view.trades', icon: 'store', group: 'trade', key: 'm', isWhole: true, load: () => import('./trades') },
  { name: 'channels', label: 'view.channels', icon: 'radio', group: 'run', key: 'n', load: () => import('./channels') },
  { name: 'queue', label: 'view.queue', icon: 'inbox', group: 'run', key: 'q', isWhole: true, load: () => import('./queue') },
  { name: 'logs', label: 'view.logs', icon: 'list', group: 'run', key: 'l', isWhole: true, load: () => import('./logs') },
  { name: 'devices', label: 'view.devices', icon: 'smartphone', group: 'run', key: 'd', load: () => import('./devices') },
  { name: 'config', label: 'view.config', icon: 'settings', group: 'run', key: 's', isWhole: true, load: () => import('./config') },
  { name: 'secrets', label: 'view.secrets', icon: 'key-round', group: 'run', key: 'x', isWhole: true, load: () => import('./secrets') },
  { name: 'nodes', label: 'view.nodes', icon: 'server', group: 'run', key: 'o', isWhole: true, load: () => import('./nodes') },
  { name: 'scripts', label: 'view.scripts', icon: 'file-code', group: 'make', key: 'e', isWhole: true, load: () => import('./scripts') },
  { name: 'agents', label: 'view.agents', icon: 'bot', group: 'make', key: 'b', load: () => import('./agents') },
  { name: 'usage', label: 'view.usage', icon: 'coins', group: 'run', key: 'u', load: () => import('./usage') },
  { name: 'parts', label: 'view.parts', icon: 'layers', group: 'run', isHidden: true, load: () => import('./parts') },
];
