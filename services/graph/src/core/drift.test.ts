import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { judgeDrift } from './drift.ts';
import { born, now, serving } from './testing/states.ts';

const { environment } = serving(born(aRevision('base', { services: [aService('web')] })));
const observed = { epoch: 1, orderly: false, services: ['web'], now };

test('judgeDrift() derives again three times in ten minutes, then says degraded', () => {
  const drifts = [now - 500_000, now - 300_000, now - 10];
  expect(judgeDrift({ ...environment, drifts: drifts.slice(1) }, observed)).toMatchObject({
    kind: 'derive',
    environment: { drifts: [...drifts.slice(1), now] },
  });
  expect(judgeDrift({ ...environment, drifts }, observed)).toMatchObject({
    kind: 'degraded',
    environment: { degraded: true },
  });
  expect(judgeDrift({ ...environment, drifts: [now - 700_000, ...drifts.slice(1)] }, observed).kind).toBe('derive');
});

test('judgeDrift() does not count an orderly end', () => {
  const drifts = [now - 3, now - 2, now - 1];
  expect(judgeDrift({ ...environment, drifts }, { ...observed, orderly: true })).toMatchObject({
    kind: 'derive',
    environment: { drifts },
  });
});

test('judgeDrift() does not derive again what made it degraded when a runtime tells of it once more', () => {
  const drifts = [now - 3, now - 2, now - 1];
  const judged = judgeDrift({ ...environment, drifts }, observed);
  expect(judged).toMatchObject({ kind: 'degraded', environment: { degraded: true, givenUp: ['web'] } });
  const degraded = judged.kind === 'degraded' ? judged.environment : environment;
  expect(judgeDrift(degraded, { ...observed, orderly: true })).toEqual({ kind: 'still degraded' });
  // An orderly end stopped what was left of it, so the next start heals all of it.
  expect(judgeDrift(degraded, { ...observed, orderly: true, services: ['db', 'web'] }).kind).toBe('derive');
  expect(judgeDrift({ ...degraded, degraded: false }, { ...observed, orderly: true }).kind).toBe('derive');
});

test('judgeDrift() fences another epoch', () => {
  expect(judgeDrift(environment, { ...observed, epoch: 8 })).toEqual({ kind: 'fenced', epoch: 1 });
});

test('judgeDrift() leaves it to a generation that is on its way', () => {
  expect(judgeDrift({ ...environment, open: [2] }, observed)).toEqual({ kind: 'on its way', generation: 2 });
});
