// Texts that the views of the group Server share.
export const server = {
  en: {
    find: 'Search',
    back: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    remove: 'Remove',
    reload: 'Read again',
    none: 'Nothing is like this',
    noneHelp: 'Change the filter, or take it away.',
    restart: 'after a restart',
    operatorOnly: 'To change this, sign in as an operator.',
  },
  de: {
    find: 'Suchen',
    back: 'Schließen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    remove: 'Entfernen',
    reload: 'Neu lesen',
    none: 'Nichts ist so',
    noneHelp: 'Ändere den Filter oder nimm ihn weg.',
    restart: 'nach einem Neustart',
    operatorOnly: 'Um das zu ändern, melde dich als Betreiber an.',
  },
};
