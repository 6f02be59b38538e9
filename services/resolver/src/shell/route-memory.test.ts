import type { RecordTable } from '@microstax/model/route-index';
import { expect, test } from 'vitest';
import { RouteMemory } from './route-memory.ts';

const shop = (generation: number, env = 'shop'): RecordTable => ({
  env: 'shop',
  epoch: 1,
  generation,
  context: { value: 'shop', headerName: 'x-msx-env', unknown: 'baseline', root: 'shop', parent: null },
  records: [{ service: 'pay', tier: 'local overlay', target: { env, service: 'pay' }, ports: [] }],
});

function ask(memory: RouteMemory, question: string, org = 'default'): unknown {
  return JSON.parse(new TextDecoder().decode(memory.answer(new TextEncoder().encode(question), org)));
}

test('an answer is the same bytes until a table of its organisation changes', () => {
  const memory = new RouteMemory();
  memory.put('default', shop(1));
  memory.put('other', shop(1));
  const question = new TextEncoder().encode('{"env":"shop","service":"pay"}');
  const [first, others] = [memory.answer(question, 'default'), memory.answer(question, 'other')];
  expect(memory.answer(question, 'default')).toBe(first);
  memory.put('default', shop(2));
  expect(memory.answer(question, 'default')).not.toBe(first);
  expect(memory.answer(question, 'other')).toBe(others);
  expect(ask(memory, '{"env":"shop","service":"pay"}')).toMatchObject({
    ok: true,
    value: { kind: 'target', for: 'shop', tier: 'local overlay', decided: { env: 'shop', generation: 2 } },
  });
  memory.remove('default', 'shop');
  expect(ask(memory, '{"env":"shop","service":"pay"}')).toMatchObject({ ok: true, value: { code: 'no-table' } });
});

test.each(['', 'null', '[]', '"pay"', '{"service":"pay"}', '{"env":"shop"}', '{"env":1,"service":"pay"}', '{"env":'])(
  'what is no question is refused with what is expected: %s',
  (text) => {
    const memory = new RouteMemory();
    memory.put('default', shop(1));
    expect(ask(memory, text)).toMatchObject({ ok: false, error: { code: 'refused' } });
  },
);

test('an organisation that nobody knows, and names such as those of an object, have no table', () => {
  const memory = new RouteMemory();
  memory.put('default', shop(1));
  expect(ask(memory, '{"env":"shop","service":"pay"}', 'foreign')).toMatchObject({ value: { code: 'no-table' } });
  expect(ask(memory, '{"env":"__proto__","service":"pay"}')).toMatchObject({ value: { code: 'no-table' } });
  expect(ask(memory, '{"env":"shop","service":"constructor"}')).toMatchObject({ value: { code: 'no-record' } });
});
