import type { JournalEvent } from '@microstax/model/journal';
import { expect, test } from 'vitest';
import { eventsAfter } from './foresee.ts';

const bound: JournalEvent = { type: 'bound', actions: {} };
const first = { length: 8, events: [bound, bound] };

test('eventsAfter() has what was foreseen where the claim appended it', () => {
  expect(eventsAfter(first, { length: 10, foreseen: true })).toEqual(first.events);
});

test('eventsAfter() has nothing where the journal stood elsewhere, though it ends at the same length', () => {
  expect(eventsAfter(first, { length: 10, foreseen: false })).toEqual([]);
  expect(eventsAfter(undefined, { length: 10 })).toEqual([]);
});

test('eventsAfter() goes by the length where the graph does not say', () => {
  expect([10, 9].map((length) => eventsAfter(first, { length }).length)).toEqual([2, 0]);
});
