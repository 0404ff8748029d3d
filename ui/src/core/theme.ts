// Light or dark: as the system has it, unless the reader has chosen.
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = typeof themes[number];

const PLACE = 'human.theme';

export function theme(name?: Theme): void {
  if (name) localStorage.setItem(PLACE, name);
  const kept = localStorage.getItem(PLACE);
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset['theme'] = kept;
  else delete document.documentElement.dataset['theme'];
}
