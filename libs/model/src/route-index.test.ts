import { expect, test } from 'vitest';
import { type RecordTable, RouteIndex } from './route-index.ts';

function table(env: string, value: string, part: Partial<RecordTable> & { readonly root?: string } = {}): RecordTable {
  const { root = env, ...rest } = part;
  const context = {
    value,
    headerName: 'x-msx-env',
    unknown: 'deny',
    root,
    parent: root === env ? null : root,
  } as const;
  const ports = [{ name: 'http', protocol: 'http' }] as const;
  const records = [{ service: 'pay', tier: 'local overlay', target: { env, service: 'pay' }, ports }] as const;
  return { env, epoch: 1, generation: 1, context, records, ...rest };
}

test('a change of any table is seen by the next question, an older one is not taken', () => {
  const index = new RouteIndex();
  index.put(table('shop', 'shop', { generation: 3 }));
  expect(index.own('shop', 'pay')).toMatchObject({ kind: 'target', decided: { env: 'shop', generation: 3 } });
  expect(index.put(table('shop', 'shop', { generation: 2, records: [] }))).toBe(false);
  expect(index.own('shop', 'pay')).toMatchObject({ kind: 'target' });
  expect(index.put(table('shop', 'shop', { generation: 4, records: [] }))).toBe(true);
  expect(index.own('shop', 'pay')).toMatchObject({ kind: 'denied', status: 404, code: 'no-record' });
  index.remove('shop');
  expect(index.own('shop', 'pay')).toMatchObject({ kind: 'denied', status: 503, code: 'no-table' });
});

test('a context value alone is enough where one root knows it, and ambiguous where two do', () => {
  const index = new RouteIndex();
  index.put(table('shop', 'shop'));
  index.put(table('feat', 'blue', { root: 'shop' }));
  expect(index.find({ context: 'blue', service: 'pay' })).toMatchObject({ kind: 'target', for: 'feat' });
  index.put(table('fair', 'blue'));
  expect(index.find({ context: 'blue', service: 'pay' })).toMatchObject({ kind: 'denied', code: 'ambiguous-context' });
  expect(index.find({ env: 'shop', context: 'blue', service: 'pay' })).toMatchObject({ kind: 'target', for: 'feat' });
  index.put(table('feat', 'green', { root: 'shop', generation: 2 }));
  expect(index.find({ context: 'blue', service: 'pay' })).toMatchObject({ kind: 'target', for: 'fair' });
  expect(index.find({ env: 'shop', context: 'blue', service: 'pay' })).toMatchObject({ code: 'unknown-context' });
  expect(index.find({ service: 'pay' })).toMatchObject({ kind: 'denied', code: 'unknown-context' });
});

test('records that point at each other are a circle, not a loop', () => {
  const index = new RouteIndex();
  const at = (env: string): RecordTable['records'] => [
    { service: 'pay', tier: 'explicit provider mapping', target: { env, service: 'pay' }, ports: [] },
  ];
  index.put(table('a', 'a', { records: at('b') }));
  index.put(table('b', 'b', { records: at('a') }));
  expect(index.own('a', 'pay')).toEqual({ kind: 'denied', status: 503, code: 'circle' });
});
