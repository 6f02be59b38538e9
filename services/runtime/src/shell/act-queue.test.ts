import { describe, expect, test } from 'vitest';
import { ActQueue } from './act-queue.ts';

function queueOf(slots: number) {
  const queue = new ActQueue(slots);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const push = (job: string, slot: 'one' | 'none' = 'one'): void =>
    queue.push(job, slot, async () => {
      begun.push(job);
      await new Promise<void>((resolve) => ends.set(job, resolve));
    });
  const end = async (job: string): Promise<void> => {
    ends.get(job)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, begun, push, end };
}

describe('ActQueue', () => {
  test('begins so many as there are slots, and the next in order when one ends, before anybody was told', async () => {
    const { begun, push, end } = queueOf(2);
    for (const job of ['a', 'b', 'c', 'd']) push(job);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('an act without a slot begins at once and keeps none', () => {
    const { begun, push } = queueOf(1);
    push('a');
    push('await', 'none');
    push('b');
    expect(begun).toEqual(['a', 'await']);
  });

  test('is short once no more acts wait than there are slots, or none because they were dropped', async () => {
    const { queue, push, end } = queueOf(1);
    for (const job of ['a', 'b', 'c', 'd']) push(job);
    let short = false;
    void queue.untilShort().then(() => {
      short = true;
    });
    await end('a');
    expect([queue.isShort, short]).toEqual([false, false]);
    await end('b');
    expect([queue.isShort, short]).toEqual([true, true]);
    for (const job of ['e', 'f']) push(job);
    const dropped = queue.untilShort();
    queue.dropWaiting();
    await dropped;
    expect(queue.isShort).toBe(true);
  });

  test('drops who has not begun, and knows who has until its outcome was heard', async () => {
    const { queue, begun, push, end } = queueOf(1);
    for (const job of ['a', 'b']) push(job);
    queue.dropWaiting();
    expect([...queue.jobs]).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a']);
    expect([...queue.jobs]).toEqual(['a']);
    queue.forget('a');
    expect(queue.jobs.size).toBe(0);
  });
});
