import { expect, test } from 'vitest';
import { type FoundStream, judgeBus } from './incarnation.ts';

const remembered = {
  incarnation: 3,
  openedAt: 1,
  streams: { MSX_EVENTS: { createdAt: 'monday', lastSequence: 50, lastId: 'm-50' } },
};
const found = (draft: Partial<FoundStream> = {}): FoundStream => ({
  name: 'MSX_EVENTS',
  createdAt: 'monday',
  lastSequence: 60,
  idAtRemembered: 'm-50',
  ...draft,
});
const judge = (draft: Partial<FoundStream> = {}, published: number | null = 3) =>
  judgeBus({ remembered, published, found: [found(draft)] });

test('judgeBus() finds a bus as remembered the same', () => {
  expect(judge()).toEqual({ kind: 'same', incarnation: 3 });
});

test('judgeBus() opens the first incarnation, or one newer than the bus has', () => {
  expect(judgeBus({ remembered: null, published: null, found: [found()] })).toMatchObject({
    kind: 'new',
    incarnation: 1,
  });
  expect(judgeBus({ remembered: null, published: 7, found: [found()] })).toMatchObject({ kind: 'new', incarnation: 8 });
});

test('judgeBus() opens a new incarnation where the bus forgot', () => {
  expect(judge({ createdAt: 'tuesday' })).toMatchObject({ kind: 'new', incarnation: 4 });
  expect(judge({ lastSequence: 49, idAtRemembered: undefined })).toMatchObject({ kind: 'new', incarnation: 4 });
  expect(judge({ idAtRemembered: 'm-other' })).toMatchObject({ kind: 'new', incarnation: 4 });
});

test('judgeBus() does not take a message that has aged out for another one', () => {
  expect(judge({ idAtRemembered: undefined })).toEqual({ kind: 'same', incarnation: 3 });
});

test('judgeBus() publishes what a crash kept from being published', () => {
  expect(judge({}, null)).toMatchObject({ kind: 'publish', incarnation: 3 });
  expect(judge({}, 2)).toMatchObject({ kind: 'publish', incarnation: 3 });
});
