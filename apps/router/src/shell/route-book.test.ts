import { expect, test } from 'vitest';
import { shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';
import { RouteBook } from './route-book.ts';
import { TableStore } from './table-store.ts';

const asked = { env: 'shop', service: 'web', port: 'http', context: undefined };

test('the book says what the tables say, also after each change of them', () => {
  const tables = new TableStore();
  const book = new RouteBook(tables);
  expect(book.route(asked)).toMatchObject({ kind: 'denied', code: 'no-table' });
  tables.put(shopAt([1]), 1);
  expect(book.route(asked)).toMatchObject({ kind: 'endpoint', endpoints: [{ targetPort: 1 }] });
  expect(book.route(asked)).toBe(book.route(asked));
  expect(book.route({ ...asked, context: 'team' })).toMatchObject({ target: { env: 'shop' } });
  tables.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [2] } }), 2);
  expect(book.route({ ...asked, context: 'team' })).toMatchObject({ target: { env: 'team' } });
  expect(book.route(asked)).toMatchObject({ target: { env: 'shop' } });
  tables.remove('team', 3);
  expect(book.route({ ...asked, context: 'team' })).toMatchObject({ target: { env: 'shop' } });
});

test('what is asked for by whatever came malformed is kept apart', () => {
  const tables = new TableStore();
  const book = new RouteBook(tables);
  tables.put(shopAt([1]), 1);
  expect(book.route(asked)).not.toEqual(book.route({ ...asked, malformed: true }));
});

test('many unknown contexts push the others out and are not kept for ever', () => {
  const tables = new TableStore();
  const book = new RouteBook(tables);
  tables.put(shopAt([1]), 1);
  const first = book.route(asked);
  for (let at = 0; at < 5_000; at++) book.route({ ...asked, context: `unknown-${at}` });
  expect(book.route(asked)).not.toBe(first);
  expect(book.route(asked)).toEqual(first);
});
