// For tests: the AQL that the stand-in knows, each text written a second time beside what it means for the model. A
// query that differs in one word, or that is not here, is answered as a query that cannot be parsed.
import { ArangoFault, type Doc, fault, type StandInTransaction } from './arango-stand-in-data.ts';

type Values = { readonly [slot: string]: unknown };
type Known = {
  /** `@{name}` and `@@{name}` stand where a bind variable does; the same name twice means the same variable. */
  readonly text: string;
  readonly run: (trx: StandInTransaction, values: Values) => readonly unknown[];
};

const row = '{ key: d.key, version: d.version, body: d.body, leafHash: d.leafHash }';
const inside = 'FOR d IN @@{c} FILTER d.sortKey >= @{from} AND d.sortKey < @{end}';

const known: { readonly [id: string]: Known } = {
  'msx.get': {
    text: `FOR d IN @@{c} FILTER d._key IN @{keys} RETURN ${row}`,
    run: (trx, { c, keys }) => byKeys(trx, c, keys).map(shown),
  },
  'msx.versions': {
    text: 'FOR d IN @@{c} FILTER d._key IN @{keys} RETURN { key: d.key, version: d.version }',
    run: (trx, { c, keys }) => byKeys(trx, c, keys).map(({ key, version }) => ({ key, version })),
  },
  'msx.scan': {
    text: `${inside} SORT d.sortKey RETURN ${row}`,
    run: (trx, values) => between(trx, values).map(shown),
  },
  'msx.scan LIMIT': {
    text: `${inside} SORT d.sortKey LIMIT @{limit} RETURN ${row}`,
    run: (trx, values) =>
      between(trx, values)
        .slice(0, values.limit as number)
        .map(shown),
  },
  'msx.scan-back': {
    text: `${inside} SORT d.sortKey DESC RETURN ${row}`,
    run: (trx, values) => between(trx, values).reverse().map(shown),
  },
  'msx.scan-back LIMIT': {
    text: `${inside} SORT d.sortKey DESC LIMIT @{limit} RETURN ${row}`,
    run: (trx, values) =>
      between(trx, values)
        .reverse()
        .slice(0, values.limit as number)
        .map(shown),
  },
  'msx.put': {
    text: 'FOR r IN @{rows} INSERT r INTO @@{c} OPTIONS { overwriteMode: "replace" }',
    run: (trx, { c, rows }) => insert(trx, c, rows, 'replace'),
  },
  'msx.append': {
    text: 'FOR r IN @{rows} INSERT r INTO @@{c} OPTIONS { overwriteMode: "conflict" }',
    run: (trx, { c, rows }) => insert(trx, c, rows, 'conflict'),
  },
  'msx.remove': {
    text: 'FOR d IN @@{c} FILTER d._key IN @{keys} REMOVE d IN @@{c}',
    run: (trx, { c, keys }) => {
      for (const { _key } of byKeys(trx, c, keys)) trx.write(c as string, _key, null);
      return [];
    },
  },
  'msx.take-numbers': {
    text: `FOR c IN @@{c} FILTER c._key == "store"
           UPDATE c WITH { version: c.version + 1, outbox: c.outbox + @{outbox} } IN @@{c}
           RETURN { version: NEW.version, outbox: NEW.outbox }`,
    run: (trx, { c, outbox: more }) =>
      byKeys(trx, c, ['store']).map((counters) => {
        const { version, outbox } = counters as unknown as { version: number; outbox: number };
        const next = { version: version + 1, outbox: outbox + (more as number) };
        trx.write(c as string, 'store', { ...counters, ...next });
        return next;
      }),
  },
  'msx.begin-numbers': {
    text: 'INSERT { _key: "store", version: 0, outbox: 0 } INTO @@{c} OPTIONS { overwriteMode: "ignore" }',
    run: (trx, { c }) => insert(trx, c, [{ _key: 'store', version: 0, outbox: 0 }], 'ignore'),
  },
  'msx.get-schema': {
    text: 'FOR c IN @@{c} FILTER c._key == "schema" RETURN c.value',
    run: (trx, { c }) => byKeys(trx, c, ['schema']).map(({ value }) => value),
  },
  'msx.put-schema': {
    text: 'INSERT { _key: "schema", value: @{value} } INTO @@{c} OPTIONS { overwriteMode: "replace" }',
    run: (trx, { c, value }) => insert(trx, c, [{ _key: 'schema', value }], 'replace'),
  },
};

/** The name in the first comment of a query. */
export function queryId(query: string): string | undefined {
  return /^\/\* (\S+) \*\//.exec(query)?.[1];
}

/** Runs a query that is known to the word; throws the fault of ArangoDB otherwise. */
export function runKnown(trx: StandInTransaction, query: string, bindVars: Values): readonly unknown[] {
  const id = queryId(query) ?? '';
  const entry = known[/\bLIMIT\b/.test(query) ? `${id} LIMIT` : id];
  const slots = entry && slotsOf(entry.text, query);
  if (entry === undefined || slots === undefined) throw new ArangoFault(400, 1501, `syntax error in "${query}"`);
  const names = new Set(Object.values(slots));
  for (const name of names) if (!(name in bindVars)) throw new ArangoFault(400, 1551, `no value specified for ${name}`);
  for (const name of Object.keys(bindVars))
    if (!names.has(name)) throw new ArangoFault(400, 1552, `bind parameter '${name}' was not declared in the query`);
  return entry.run(trx, Object.fromEntries(Object.entries(slots).map(([slot, name]) => [slot, bindVars[name]])));
}

/** Which bind variable stands in which slot; undefined where the texts differ. */
function slotsOf(expected: string, query: string): { readonly [slot: string]: string } | undefined {
  const words = expected.trim().split(/\s+/);
  const found = query
    .replace(/^\/\* \S+ \*\//, '')
    .trim()
    .split(/\s+/);
  if (words.length !== found.length) return undefined;
  const slots: { [slot: string]: string } = {};
  for (const [index, word] of words.entries()) {
    const slot = /^(@@?)\{(\w+)\}(.*)$/.exec(word);
    const [, at, name, rest] = slot ?? [];
    if (at === undefined || name === undefined) {
      if (word !== found[index]) return undefined;
      continue;
    }
    const variable = /^@(@?\w+)(.*)$/.exec(found[index] ?? '');
    const bound = variable?.[1];
    if (bound === undefined || variable?.[2] !== rest || bound.startsWith('@') !== (at === '@@')) return undefined;
    if ((slots[name] ?? bound) !== bound) return undefined;
    slots[name] = bound;
  }
  return slots;
}

function byKeys(trx: StandInTransaction, collection: unknown, keys: unknown): readonly Doc[] {
  const wanted = new Set(keys as readonly string[]);
  return trx.read(collection as string).filter(({ _key }) => wanted.has(_key));
}

function between(trx: StandInTransaction, { c, from, end }: Values): Doc[] {
  return trx
    .read(c as string)
    .filter((doc) => text(doc) >= (from as string) && text(doc) < (end as string))
    .sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

function text({ sortKey }: Doc): string {
  return String(sortKey);
}

function shown({ key, version, body, leafHash = null }: Doc): unknown {
  return { key, version, body, leafHash };
}

function insert(
  trx: StandInTransaction,
  collection: unknown,
  rows: unknown,
  mode: 'replace' | 'conflict' | 'ignore',
): readonly never[] {
  for (const doc of rows as readonly Doc[]) {
    const there = trx.has(collection as string, doc._key);
    if (there && mode === 'ignore') continue;
    if (there && mode === 'conflict') throw fault.unique(doc._key);
    trx.write(collection as string, doc._key, doc);
  }
  return [];
}
