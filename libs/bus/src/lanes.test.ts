import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

test('Lanes gives one item of a key at a time and lets other keys pass', () => {
  const lanes = new Lanes<number>();
  lanes.push('a', 1);
  lanes.push('a', 2);
  lanes.push('b', 3);

  expect(lanes.take()).toEqual({ key: 'a', item: 1 });
  expect(lanes.take()).toEqual({ key: 'b', item: 3 });
  expect(lanes.take()).toBeUndefined();
  lanes.release('a');
  expect(lanes.take()).toEqual({ key: 'a', item: 2 });
});

test('Lanes puts an item back before those that came after it', () => {
  const lanes = new Lanes<number>();
  lanes.push('a', 1);
  lanes.push('a', 2);
  lanes.take();
  lanes.putBack('a', 1);
  expect(lanes.take()?.item).toBe(1);
});

test('Lanes forgets a key without items', () => {
  const lanes = new Lanes<number>();
  lanes.push('a', 1);
  lanes.take();
  expect(lanes.keys).toBe(1);
  lanes.release('a');
  expect(lanes.keys).toBe(0);
});

test('Lanes keeps the order of each key, whatever is taken, put back and released when', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('push', 'take', 'release', 'putBack'), fc.constantFrom('a', 'b', 'c')),
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const lanes = new Lanes<number>();
      const out = new Map<string, number>();
      const settled = new Map<string, number[]>();
      let pushed = 0;
      for (const [step, key] of taken) {
        const held = out.get(key);
        if (step === 'push') lanes.push(key, pushed++);
        if (step === 'take') {
          const next = lanes.take();
          if (next !== undefined) {
            expect(out.has(next.key)).toBe(false);
            out.set(next.key, next.item);
          }
        }
        if (held === undefined) continue;
        if (step === 'release') {
          settled.set(key, [...(settled.get(key) ?? []), held]);
          lanes.release(key);
          out.delete(key);
        }
        if (step === 'putBack') {
          lanes.putBack(key, held);
          out.delete(key);
        }
      }
      for (const items of settled.values()) expect(items).toEqual([...items].sort((one, other) => one - other));
    }),
  );
});
