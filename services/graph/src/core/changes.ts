/** Where a document stands: keys are designed for prefix and range scans. */
export type Place = { readonly collection: Collection; readonly key: string };

export type Put = Place & { readonly body: unknown };

/** A row for a log; the store numbers it in the same transaction. */
export type Append = { readonly log: LogName; readonly org: string; readonly body: unknown };

/** The outbox is numbered as one, the audit log per organisation. */
export type LogName = 'outbox' | 'audit';

/** What a decision wants the store to make true, all or nothing. */
export type Changes = {
  readonly puts: readonly Put[];
  readonly removes: readonly Place[];
  readonly appends: readonly Append[];
};

export const noChanges: Changes = { puts: [], removes: [], appends: [] };

/** Several changes as one; of two puts at one place the later wins, a remove after a put wins and the other way round. */
export function together(...changes: readonly Changes[]): Changes {
  const last = new Map<string, { readonly put?: Put; readonly remove?: Place }>();
  for (const { puts, removes } of changes) {
    for (const put of puts) last.set(placeText(put), { put });
    for (const remove of removes) last.set(placeText(remove), { remove });
  }
  const ends = [...last.values()];
  return {
    puts: ends.flatMap(({ put }) => (put ? [put] : [])),
    removes: ends.flatMap(({ remove }) => (remove ? [remove] : [])),
    appends: changes.flatMap(({ appends }) => appends),
  };
}

export function placeText({ collection, key }: Place): string {
  return `${collection}|${key}`;
}

export const collections = [
  'environments',
  'revisions',
  'artifacts',
  'activations',
  'journal',
  'executions',
  'answers',
  'identities',
  'children',
  'members',
  'holds',
  'keys',
  'waiting',
  'timers',
  'said',
  'meta',
] as const;
export type Collection = (typeof collections)[number];
