/** One line per wire change, newest last; `oldestSpoken` is the oldest that this version still reads. */
export const wireHistory = [
  { version: 1, change: 'events, commands, requests and buckets of the main job' },
  { version: 2, change: '`job changed` carries all moves of one append; a claim may carry the first append' },
  { version: 3, change: 'a record may lead to an address outside (`target.external`); resolvers answer `resolve`' },
  {
    version: 4,
    change:
      'commands `sleep` and `wake`, requests `wake`, `activity` and `sweep`, `environment expiring`; tables say who sleeps, jobs which replica',
  },
  {
    version: 5,
    change:
      'requests `predict`, `past-changes`, `keep-prediction`, `predictions` and `under-parent`, query `durations`; a plan may hold jobs `restore` and `seed`',
  },
  { version: 6, change: '`done` in a journal says how long its act took' },
  {
    version: 7,
    change:
      'requests `take-snapshot`, `check-snapshot`, `seeds`, `keep-snapshot` and `snapshots`; a claim says whether its first append was stored',
  },
] as const;

export const wireVersion = 7;
export const oldestSpoken = 2;
