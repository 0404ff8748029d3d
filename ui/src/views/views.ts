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
  { name: 'parts', label: 'view.parts', icon: 'layers', group: 'run', isHidden: true, load: () => import('./parts') },
];
