import type {
  ActivationItem,
  AuditItem,
  ExecutionItem,
  QueryReply,
  RevisionItem,
  ServiceItem,
  SubmissionItem,
} from '@microstax/contracts/queries';
import { compareText, sortedBy } from '@microstax/model/compare';
import { foldInventory } from '@microstax/model/inventory';
import type { Inventory, JournalEntry } from '@microstax/model/journal';
import type { Placement, Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';
import type { Resolution } from '@microstax/model/resolution';
import type { EnvironmentStatus } from '@microstax/model/status';
import type {
  ActivationDocument,
  AnswerDocument,
  AuditBody,
  EnvironmentDocument,
  ExecutionDocument,
  RevisionDocument,
} from './documents.ts';
import { statusOf } from './status.ts';

export function notFound(what: string, known: Iterable<string>): QueryReply {
  return { kind: 'not found', what, known: [...known].sort(compareText) };
}

export function activationItem(activation: ActivationDocument): ActivationItem {
  const { env, generation, stage, outcome, reason, cause, actor, submission, wanted, at, traces, artifacts, findings } =
    activation;
  return {
    env,
    generation,
    activation: activation.activation,
    stage,
    outcome,
    reason,
    cause,
    actor,
    submission,
    source: activation.source ?? null,
    wanted,
    at,
    traces,
    artifacts,
    findings,
  };
}

export function executionItem(execution: ExecutionDocument): ExecutionItem {
  const { env, generation, epoch, state, owner, startedAt, finishedAt, reason } = execution;
  return { execution: execution.execution, env, generation, epoch, state, owner, startedAt, finishedAt, reason };
}

export function revisionItem({ env, revision, firstGeneration, at, actor, source }: RevisionDocument): RevisionItem {
  return { env, revision, firstGeneration, at, actor, source: source ?? 'blueprint' };
}

/** Oldest first. */
export function submissionItems(
  answers: readonly AnswerDocument[],
  env: string | undefined,
): readonly SubmissionItem[] {
  const asked = answers.filter((answer) => env === undefined || answer.env === env);
  return asked
    .map(({ submission, env: about, order, answer, at }) => ({ submission, env: about, order, answer, at }))
    .sort((a, b) => a.order.incarnation - b.order.incarnation || a.order.sequence - b.order.sequence);
}

export function auditItem(n: number, { at, actor, verb, subject, digest, submission }: AuditBody): AuditItem {
  return { n, at, actor, verb, subject, digest, submission };
}

export function environmentItems(
  pairs: readonly { readonly environment: EnvironmentDocument; readonly newest: ActivationDocument }[],
): readonly EnvironmentStatus[] {
  return sortedBy(pairs, ({ environment }) => environment.env).map(({ environment, newest }) =>
    statusOf(environment, newest),
  );
}

/** What executions had left in the world when the last entry of a generation was written. */
export function inventoryAt(journal: readonly JournalEntry[], generation: number): Inventory {
  const last = journal.findLastIndex((entry) => entry.generation === generation);
  const before = journal.findLastIndex((entry) => entry.generation < generation);
  return foldInventory(journal.slice(0, Math.max(last, before) + 1).map(({ event }) => event));
}

/** One line per service of a plan, with what runs and where it is reached. */
export function serviceItems(
  env: string,
  {
    plan,
    resolution,
    inventory,
  }: { readonly plan: Plan; readonly resolution: Resolution | null; readonly inventory: Inventory },
): readonly ServiceItem[] {
  const tiers = new Map(resolution?.records.map(({ service, tier }) => [service, tier]));
  return plan.placements.map((placement): ServiceItem => {
    const { service, identity, kind, specDigest } = placement;
    const instances = inventory.instances.filter((instance) => instance.service === service);
    // A port is kept for an environment of this name; nobody listens there once it is deleted.
    const listeners = inventory.listeners.filter((one) => one.service === service && plan.wanted !== 'deleted');
    return {
      env,
      service,
      identity,
      placement: kind,
      provider: providedBy(placement),
      tier: tiers.get(service) ?? null,
      pids: instances.flatMap(({ pid }) => (pid > 0 ? [pid] : [])),
      ports: Object.assign({}, ...instances.map(({ ports }) => ports)),
      urls: Object.fromEntries(
        listeners.map(({ port, host, listenPort }) => [
          port,
          `${schemeOf(placement, port, plan)}://${host}:${listenPort}`,
        ]),
      ),
      specDigest,
    };
  });
}

function schemeOf({ service }: Placement, port: string, { listeners }: Plan): string {
  const listener = listeners.find((candidate) => candidate.service === service && candidate.port === port);
  return listener?.protocol ?? 'http';
}
