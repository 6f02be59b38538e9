import type { ServiceName } from './subjects.ts';
import { filters } from './subjects.ts';

/** Everything the bus holds, as one table. Only the graph creates it (protocol 29); the others bind. */

export type StreamDefinition = {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly purpose: string;
  readonly maxAgeMs: number;
  readonly maxBytes?: number;
  readonly duplicateWindowMs: number;
  readonly discard: 'old' | 'new';
  readonly allowDirect: boolean;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const mebibyte = 1024 * 1024;

export const streams = {
  submissions: {
    name: 'MSX_SUBMISSIONS',
    subjects: [filters.blueprints, filters.commands],
    purpose: 'Blueprints and commands as received',
    maxAgeMs: 7 * dayMs,
    maxBytes: 1024 * mebibyte,
    duplicateWindowMs: 10 * minuteMs,
    discard: 'new',
    allowDirect: true,
  },
  events: {
    name: 'MSX_EVENTS',
    subjects: [filters.events],
    purpose: 'facts that services say to each other',
    maxAgeMs: 30 * dayMs,
    duplicateWindowMs: 10 * minuteMs,
    discard: 'old',
    allowDirect: true,
  },
  traffic: {
    name: 'MSX_TRAFFIC',
    subjects: [filters.traffic],
    purpose: 'what routers observe of traffic',
    maxAgeMs: hourMs,
    maxBytes: 128 * mebibyte,
    duplicateWindowMs: 2 * minuteMs,
    discard: 'old',
    allowDirect: true,
  },
  spans: {
    name: 'MSX_SPANS',
    subjects: [filters.spans],
    purpose: 'traces for people without a tracing backend',
    maxAgeMs: 6 * hourMs,
    maxBytes: 128 * mebibyte,
    duplicateWindowMs: 2 * minuteMs,
    discard: 'old',
    allowDirect: true,
  },
  advisories: {
    name: 'MSX_ADVISORIES',
    subjects: [filters.exhausted, filters.terminated],
    purpose: 'messages that the server gave up on',
    maxAgeMs: 7 * dayMs,
    duplicateWindowMs: 2 * minuteMs,
    discard: 'old',
    allowDirect: true,
  },
  deadLetters: {
    name: 'MSX_DLQ',
    subjects: [filters.deadLetters],
    purpose: 'poison messages, headers kept',
    maxAgeMs: 30 * dayMs,
    duplicateWindowMs: 2 * minuteMs,
    discard: 'old',
    allowDirect: true,
  },
} as const satisfies Record<string, StreamDefinition>;

export type DurableDefinition = {
  readonly name: string;
  readonly stream: string;
  readonly filter: string;
  readonly service: ServiceName;
  /** What the service hears, in words. */
  readonly hears: string;
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
  readonly maxAckPending: number;
};

/**
 * A message whose handler died is free again after the ack wait, which is therefore short; a handler that lives says
 * `working` three times in it, however long it takes.
 */
const usual = { ackWaitMs: 2_000, maxDeliver: 60, maxAckPending: 64 } as const;
const { submissions, events, advisories, deadLetters } = streams;

export const durables = {
  /** Protocol 4: waiting for a parent is a nak a second, so this consumer delivers up to 1,000 times. */
  intakeBlueprint: {
    ...usual,
    maxDeliver: 1_000,
    name: 'intake-blueprint',
    stream: submissions.name,
    filter: filters.blueprints,
    service: 'intake',
    hears: 'blueprint',
  },
  graphCommand: {
    ...usual,
    maxDeliver: 1_000,
    name: 'graph-command',
    stream: submissions.name,
    filter: filters.graphCommands,
    service: 'graph',
    hears: 'command',
  },
  /** Commands to whoever hears none: they are refused, for each submission has one answer (protocol 2). */
  graphStrayCommand: {
    ...usual,
    name: 'graph-stray-command',
    stream: submissions.name,
    filter: filters.commands,
    service: 'graph',
    hears: 'command to a service that hears none',
  },
  graphIntake: {
    ...usual,
    name: 'graph-intake',
    stream: events.name,
    filter: filters.eventsOf('intake'),
    service: 'graph',
    hears: 'blueprint accepted, blueprint rejected',
  },
  graphPlanner: {
    ...usual,
    name: 'graph-planner',
    stream: events.name,
    filter: filters.eventsOf('planner'),
    service: 'graph',
    hears: 'plan drafted, plan refused',
  },
  graphResolver: {
    ...usual,
    name: 'graph-resolver',
    stream: events.name,
    filter: filters.eventsOf('resolver'),
    service: 'graph',
    hears: 'resolution recorded',
  },
  graphValidator: {
    ...usual,
    name: 'graph-validator',
    stream: events.name,
    filter: filters.eventsOf('validator'),
    service: 'graph',
    hears: 'activation approved, activation denied',
  },
  graphAdvisory: {
    ...usual,
    name: 'graph-advisory',
    stream: advisories.name,
    filter: filters.exhausted,
    service: 'graph',
    hears: 'message exhausted',
  },
  graphDeadLetter: {
    ...usual,
    name: 'graph-dead-letter',
    stream: deadLetters.name,
    filter: filters.deadLetters,
    service: 'graph',
    hears: 'dead letter',
  },
  plannerRevised: {
    ...usual,
    name: 'planner-environment-revised',
    stream: events.name,
    filter: filters.eventsNamed('graph', 'revised'),
    service: 'planner',
    hears: 'environment revised',
  },
  resolverDrafted: {
    ...usual,
    name: 'resolver-plan-drafted',
    stream: events.name,
    filter: filters.eventsNamed('planner', 'drafted'),
    service: 'resolver',
    hears: 'plan drafted',
  },
  validatorRecorded: {
    ...usual,
    name: 'validator-resolution-recorded',
    stream: events.name,
    filter: filters.eventsNamed('resolver', 'recorded'),
    service: 'validator',
    hears: 'resolution recorded',
  },
  runtimeApproved: {
    ...usual,
    name: 'runtime-activation-approved',
    stream: events.name,
    filter: filters.eventsNamed('validator', 'approved'),
    service: 'runtime',
    hears: 'activation approved',
  },
  /** Protocol 22: one at a time with a short wait, so that a paused replica keeps no offer. */
  runtimeOffered: {
    ...usual,
    maxAckPending: 1,
    name: 'runtime-execution-offered',
    stream: events.name,
    filter: filters.eventsNamed('graph', 'offered'),
    service: 'runtime',
    hears: 'execution offered',
  },
} as const satisfies Record<string, DurableDefinition>;

export type BucketDefinition = {
  readonly name: string;
  readonly writer: string;
  readonly purpose: string;
  readonly history: number;
};

export const buckets = {
  environments: { name: 'msx_environments', writer: 'graph', purpose: 'status by <org>.<env>', history: 5 },
  routes: { name: 'msx_routes', writer: 'runtime', purpose: 'compiled route tables by <org>.<env>', history: 5 },
  bus: { name: 'msx_bus', writer: 'graph', purpose: 'the incarnation of the bus', history: 5 },
} as const satisfies Record<string, BucketDefinition>;

export const objectStores = {
  artifacts: { name: 'msx_artifacts', purpose: 'artifacts too large for an event, by digest' },
} as const;

/** Key under which `msx_bus` holds the current incarnation as JSON `{incarnation: number, openedAt: number}`. */
export const incarnationKey = 'incarnation';

/** Key of an environment in `msx_environments` and `msx_routes`. */
export function environmentKey(org: string, env: string): string {
  return `${org}.${env}`;
}

/** Discovery name of the router in the services API. */
export const routerServiceName = 'msx-router';

/** The bus's payload limit of a server of our own. */
export const maxPayloadBytes = 8 * mebibyte;
/** Protocol 8. */
export const inlineArtifactBytesMax = 128 * 1024;
export const inlineBodyBytesMax = 512 * 1024;
