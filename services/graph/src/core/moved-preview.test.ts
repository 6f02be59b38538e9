import type { Finding } from '@microstax/model/finding';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { DeriveState } from './derive-state.ts';
import type { EnvironmentDocument, TimerDocument } from './documents.ts';
import { decideMoved, forgotten, isMovedPreview, noteVerdict } from './moved-preview.ts';
import { again, aRequest, born, serving } from './testing/states.ts';

const shop = (version: string) =>
  serving(born(aRevision('shop', { services: [aService('web', { env: { V: version } })] })));
const feat = (parentMoved?: 'preview') =>
  aRevision('feat', { parent: 'shop', services: [aService('mail')], routing: parentMoved ? { parentMoved } : {} });
const cause = { kind: 'parent moved', parent: 'shop', parentGeneration: 2 } as const;
const timer: TimerDocument = { id: 't', org: 'default', env: 'feat', dueAt: 1, cause, traceparent: null };
const request = aRequest('feat', 2, { cause, submission: null });

/** `feat` derived from the first shop, looked at when the second one serves. */
function moved(revision = feat('preview'), draft: Partial<EnvironmentDocument> = {}, version = '2'): DeriveState {
  const before = serving(born(revision, [shop('1')]), draft);
  const { newestDerivation } = again(before, [shop('1')]);
  return { ...again(before, [shop(version)]), newestDerivation };
}

test('decideMoved() previews what a moved parent would make of an environment that says so', () => {
  const decision = decideMoved(timer, request, moved());
  expect(decision).toMatchObject({
    kind: 'preview',
    activation: 'feat@preview-moved-shop-2',
    changes: {
      puts: [{ body: { generation: 1, movedPreview: { parent: 'shop', parentGeneration: 2, verdict: null } } }],
    },
  });
  expect(isMovedPreview('feat@preview-moved-shop-2')).toBe(true);
  expect(isMovedPreview('feat@preview-4711')).toBe(false);
});

test.each<[string, ReturnType<typeof moved>]>([
  ['whose routing does not say so', moved(feat())],
  ['that serves nothing', moved(feat('preview'), { serving: null, servingWanted: null })],
  ['that is stopped', moved(feat('preview'), { wanted: 'stopped' })],
  ['that failed waiting for this parent', moved(feat('preview'), { waitingFor: ['shop'] })],
])('decideMoved() lets an environment follow %s', (_, state) => {
  expect(decideMoved(timer, request, state).kind).toBe('derive');
});

test('decideMoved() has nothing to preview where the parent came back to what it was', () => {
  const state = moved(feat('preview'), {}, '1');
  expect(decideMoved(timer, request, state).kind).toBe('derive');
  expect(forgotten(state.self).puts).toEqual([]);
});

test('decideMoved() keeps a verdict that is there when the timer is fired once more', () => {
  const movedPreview = {
    ...cause,
    activation: 'feat@preview-moved-shop-2',
    verdict: 'approved',
    reason: null,
  } as const;
  expect(decideMoved(timer, request, moved(feat('preview'), { movedPreview }))).toMatchObject({
    kind: 'preview',
    changes: { puts: [] },
  });
});

test('noteVerdict() notes the verdict of the preview that is pending, with its reason, and of no other', () => {
  const pending = { ...cause, activation: 'feat@preview-moved-shop-2', verdict: null, reason: null };
  const environment = { ...moved().self, movedPreview: pending } as EnvironmentDocument;
  const findings: Finding[] = [{ severity: 'error', code: 'over-budget', subject: 'feat', reason: 'too dear' }];
  expect(noteVerdict(environment, pending.activation, { verdict: 'denied', findings })).toMatchObject({
    puts: [{ body: { movedPreview: { verdict: 'denied', reason: 'too dear' } } }],
  });
  expect(noteVerdict(environment, 'feat@preview-moved-shop-1', { verdict: 'denied', findings }).puts).toEqual([]);
  expect(noteVerdict(null, pending.activation, { verdict: 'approved', findings: [] }).puts).toEqual([]);
});
