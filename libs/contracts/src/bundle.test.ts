import { sealArtifact } from '@microstax/model/artifact';
import { digestOf } from '@microstax/model/digest';
import { expect, test } from 'vitest';
import { bundleOf, bundleSchema, openArtifact, pickFromBundle } from './bundle.ts';

const plan = sealArtifact('plan', { env: 'shop', b: 1 });
const facts = sealArtifact('facts', { a: 1 });

test('openArtifact() gives back the value whose digest the bundle names', () => {
  expect(openArtifact(bundleOf(plan, facts), 'plan')).toEqual(plan);
});

test('openArtifact() refuses bytes that do not fit their digest', () => {
  const forged = { plan: { digest: plan.digest, bytes: facts.bytes } };
  expect(() => openArtifact(forged, 'plan')).toThrow(`Cannot open plan ${plan.digest}`);
});

test('openArtifact() gives what it opened before, and still refuses other bytes under that digest', () => {
  const first = openArtifact(bundleOf(plan), 'plan');
  expect(openArtifact({ plan: { digest: plan.digest, bytes: `${plan.bytes}` } }, 'plan')).toBe(first);
  expect(() => openArtifact({ plan: { digest: plan.digest, bytes: `${plan.bytes} ` } }, 'plan')).toThrow('Cannot open');
  expect(() => openArtifact({ facts: { digest: plan.digest, bytes: plan.bytes } }, 'facts')).toThrow('Cannot open');
});

test('openArtifact() says whether the kind or only its bytes are missing', () => {
  expect(() => openArtifact({}, 'plan')).toThrow('the bundle holds none');
  expect(() => openArtifact({ plan: { digest: plan.digest } }, 'plan')).toThrow('its digest only');
});

test('pickFromBundle() forwards only the kinds asked for', () => {
  expect(Object.keys(pickFromBundle(bundleOf(plan, facts), ['facts', 'revision']))).toEqual(['facts']);
});

test('bundleSchema refuses kinds and digests that are none', () => {
  expect(bundleSchema.safeParse({ plan: { digest: digestOf('plan', 1) } }).success).toBe(true);
  expect(bundleSchema.safeParse({ plans: { digest: digestOf('plan', 1) } }).success).toBe(false);
  expect(bundleSchema.safeParse({ plan: { digest: 'sha256:12' } }).success).toBe(false);
});
