import { expect, test } from 'vitest';
import { badCompose } from './testing/bad-compose.ts';
import { badManifests } from './testing/bad-manifests.ts';
import { composeReply, kubernetesReply } from './testing/import-text.ts';

// Every fault is found where it stands, by its code, and nothing is imported.

const gone = { absent: ['gone.yaml', 'gone.env'] };

test.each(badCompose)('compose: $title is refused as $code', ({ text, code, path, line, column }) => {
  expect(composeReply(text, gone)).toMatchObject({
    kind: 'refused',
    findings: expect.arrayContaining([
      expect.objectContaining({
        severity: 'error',
        code,
        subject: path,
        position: { file: 'compose.yaml', line, column },
      }),
    ]),
  });
});

test.each(badManifests)('manifests: $title is refused as $code', ({ text, code, path, line, column }) => {
  expect(kubernetesReply(text)).toMatchObject({
    kind: 'refused',
    findings: expect.arrayContaining([
      expect.objectContaining({
        severity: 'error',
        code,
        subject: path,
        position: { file: 'manifests-1.yaml', line, column },
      }),
    ]),
  });
});

test('the tables hold at least 25 faults between them', () => {
  expect(badCompose.length + badManifests.length).toBeGreaterThanOrEqual(25);
});
