import { type EnvironmentState, type EnvironmentStatus, stages } from '@microstax/model/status';
import type { ActivationDocument, EnvironmentDocument, MovedPreview } from './documents.ts';
import { served } from './offer.ts';
import { traceIdOf } from './trace-id.ts';

/** What everybody may know of an environment, projected from its row and its newest activation (protocol 19). */
export function statusOf(environment: EnvironmentDocument, newest: ActivationDocument): EnvironmentStatus {
  const { org, env, mode, parent, wanted, generation, journalLength, epoch, updatedAt } = environment;
  const { head, target, serving, servingWanted } = environment;
  return {
    org,
    env,
    mode,
    parent,
    state: stateOf(environment, newest),
    wanted,
    generation,
    stage: newest.stage,
    journalLength,
    epoch,
    head,
    target,
    serving,
    servingWanted,
    outcome: newest.outcome,
    reason: reasonOf(environment, newest),
    local: newest.local,
    services: newest.services,
    trace: newest.traces[0] ?? traceIdOf(newest.traceparent),
    ...(environment.lifetime?.expiresAt === undefined ? {} : { expiresAt: environment.lifetime.expiresAt }),
    ...(environment.floor === undefined ? {} : { floor: environment.floor }),
    updatedAt,
  };
}

/** Whether `a` may be written over `b`: (generation, stage, journal length) never goes back. */
export function mayReplace(a: EnvironmentStatus, b: EnvironmentStatus): boolean {
  return compareProgress(a, b) >= 0;
}

function compareProgress(a: EnvironmentStatus, b: EnvironmentStatus): number {
  return (
    a.generation - b.generation ||
    stages.indexOf(a.stage) - stages.indexOf(b.stage) ||
    a.journalLength - b.journalLength
  );
}

function stateOf(environment: EnvironmentDocument, { outcome, stage, wanted }: ActivationDocument): EnvironmentState {
  switch (outcome) {
    case null:
      if (wanted === 'deleted') return 'deleting';
      return stage === 'decided' || stage === 'claimed' ? 'activating' : 'deriving';
    case 'ready':
      if (wanted !== 'running') return wanted;
      return environment.degraded ? 'degraded' : 'ready';
    case 'superseded':
      return 'activating';
    case 'failed':
    case 'refused':
    case 'denied':
      return outcome;
  }
}

function reasonOf(environment: EnvironmentDocument, newest: ActivationDocument): string {
  const { movedPreview } = environment;
  const own = ownReason(environment, newest);
  return movedPreview ? `${own}; ${movedReason(environment.env, movedPreview)}` : own;
}

function movedReason(env: string, { parent, parentGeneration, verdict, reason }: MovedPreview): string {
  const moved = `parent moved: ${parent}@${parentGeneration}, preview`;
  if (verdict === null) return `${moved} is being decided`;
  if (verdict === 'approved') return `${moved} approved; msx retry ${env} to take it`;
  return `${moved} ${verdict}${reason === null ? '' : `, ${reason}`}; msx retry ${env} to try it all the same`;
}

function ownReason(environment: EnvironmentDocument, newest: ActivationDocument): string {
  const { outcome, reason, generation, wanted } = newest;
  const { degraded } = environment;
  const serving = served(environment);
  if (outcome === 'ready' && degraded) return 'instances were lost again and again; see: msx get executions';
  if (outcome === 'ready' && wanted === 'asleep') return `a request wakes it, and: msx wake ${environment.env}`;
  const bad = outcome === 'failed' || outcome === 'refused' || outcome === 'denied';
  if (!bad || serving === null || serving.generation === generation) return reason;
  return `${reason}; generation ${serving.generation} goes on serving`;
}
