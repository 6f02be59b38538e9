import { eventSubject } from '@microstax/contracts/subjects';
import { expect, test } from 'vitest';
import { eventText } from './events.ts';

const subject = eventSubject('graph', 'default', 'shop', 'ready');
const bytes = Buffer.from(JSON.stringify({ activation: 'shop@1', reason: 'every job is done', bundle: { a: 1 } }));

test.each([
  ['table', '1970-01-01T00:00:00.000Z  graph ready  shop@1  every job is done\n'],
  ['name', 'event/graph/shop/ready\n'],
  [
    'json',
    '{"at":0,"service":"graph","org":"default","env":"shop","event":"ready","activation":"shop@1","reason":"every job is done"}\n',
  ],
  [
    'yaml',
    '---\nat: 0\nservice: graph\norg: default\nenv: shop\nevent: ready\nactivation: shop@1\nreason: every job is done\n',
  ],
] as const)('an event is printed as %s', (format, text) => {
  expect(eventText(subject, bytes, 0, format)).toBe(text);
});
