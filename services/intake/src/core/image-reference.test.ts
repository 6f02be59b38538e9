import { expect, test } from 'vitest';
import { completeImage } from './image-reference.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

test.each([
  ['acme/api:1.4', 'docker.io/acme/api:1.4'],
  ['docker.io/acme/api:1.4', 'docker.io/acme/api:1.4'],
  ['postgres', 'docker.io/library/postgres:latest'],
  ['docker.io/postgres', 'docker.io/library/postgres:latest'],
  ['localhost/api', 'localhost/api:latest'],
  ['registry.example:5000/team/api', 'registry.example:5000/team/api:latest'],
  ['registry.example:5000/api:2', 'registry.example:5000/api:2'],
  [`acme/api@${digest}`, `docker.io/acme/api@${digest}`],
  [`acme/api:1@${digest}`, `docker.io/acme/api:1@${digest}`],
])('the image %s is %s', (written, complete) => {
  expect(completeImage(written)).toBe(complete);
  expect(completeImage(complete)).toBe(complete);
});

test.each([
  '',
  'Acme/API',
  'acme/api:',
  'acme/api:a b',
  'acme//api',
  '/acme',
  'acme/',
  'acme/api@sha256:12',
  'acme/api@md5:12',
  'https://acme/api',
  `\${IMAGE}`,
  'a'.repeat(600),
  'раypal/api', // the first two letters are Cyrillic
])('%j is no image', (written) => {
  expect(completeImage(written)).toBeUndefined();
});

test('a text made to be slow is refused at once', () => {
  expect(completeImage(`${'a-'.repeat(250)}!`)).toBeUndefined();
});
