import { bundleOf } from '@microstax/contracts/bundle';
import { inlineArtifactBytesMax, inlineBodyBytesMax } from '@microstax/contracts/topology';
import { sealArtifact } from '@microstax/model/artifact';
import type { ArtifactKind } from '@microstax/model/digest';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { expect, test } from 'vitest';
import { packed, splitBody } from './bundles.ts';

const artifact = (kind: ArtifactKind, bytes: number) => sealArtifact(kind, 'x'.repeat(bytes - 2));

test('splitBody() leaves a body without large artifacts as it is', () => {
  const body = { org: 'a', bundle: bundleOf(artifact('plan', inlineArtifactBytesMax)) };
  expect(splitBody(body)).toEqual({ body, stored: [] });
  expect(splitBody({ org: 'a' })).toEqual({ body: { org: 'a' }, stored: [] });
});

test('splitBody() names an artifact over 128 KiB by its digest and keeps its neighbours', () => {
  const large = artifact('plan', inlineArtifactBytesMax + 1);
  const small = artifact('revision', 100);
  const { body, stored } = splitBody({ org: 'a', bundle: bundleOf(large, small) });
  expect(stored).toEqual([{ digest: large.digest, bytes: large.bytes }]);
  expect(body.bundle).toEqual({ plan: { digest: large.digest }, ...bundleOf(small) });
});

test('splitBody() takes the largest out of a body over 512 KiB until it fits', () => {
  const kinds: readonly ArtifactKind[] = ['plan', 'revision', 'facts', 'policy', 'difference', 'composition'];
  const artifacts = kinds.map((kind, index) => artifact(kind, inlineArtifactBytesMax - index * 1_000));
  const { body, stored } = splitBody({ org: 'a', bundle: bundleOf(...artifacts) });
  expect(stored.map(({ digest }) => digest)).toEqual(artifacts.slice(0, 2).map(({ digest }) => digest));
  expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(inlineBodyBytesMax);
});

test('packed() writes a body with artifacts as JSON would', () => {
  const written = (body: object): unknown => JSON.parse(textOfBytes(packed(body).json));
  const artifacts = [sealArtifact('plan', { text: '"a" \\ ü\n' }), sealArtifact('facts', [1, null])];
  for (const body of [
    { org: 'a', env: 'b', generation: 1, bundle: bundleOf(...artifacts), absent: undefined },
    { bundle: bundleOf(...artifacts) },
    { org: 'a', bundle: {} },
    { org: 'a', bundle: { plan: undefined, facts: { digest: artifacts[1]?.digest } } },
  ])
    expect(written(body)).toEqual(JSON.parse(JSON.stringify(body)));
});
