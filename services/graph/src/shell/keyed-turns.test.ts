import { expect, test } from 'vitest';
import { KeyedTurns } from './keyed-turns.ts';

test('take() runs the work of one key in order, also after one that failed, and keys side by side', async () => {
  const turns = new KeyedTurns();
  const steps: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take('a', async () => {
    await gate.promise;
    steps.push('a1');
    throw new Error('broken');
  });
  const second = turns.take('a', async () => void steps.push('a2'));
  await turns.take('b', async () => void steps.push('b'));
  gate.resolve();
  await expect(first).rejects.toThrow('broken');
  await second;
  expect(steps).toEqual(['b', 'a1', 'a2']);
});
