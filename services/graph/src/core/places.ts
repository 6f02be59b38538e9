import type { Digest } from '@microstax/model/digest';
import type { Stage } from '@microstax/model/status';
import type { Place } from './changes.ts';

// The organisation is the first token of every key, so that a scan never leaves it; numbers are padded, so that the
// order of keys is the order of numbers.
const generationDigits = 10;
const journalDigits = 12;
const timeDigits = 14;
const checkpointDigits = 16;

export function environmentAt(org: string, env: string): Place {
  return { collection: 'environments', key: `${org}/${env}` };
}

/** The first and later generations of a revision of an environment. */
export function revisionAt(org: string, env: string, revision: Digest): Place {
  return { collection: 'revisions', key: `${org}/${env}/${revision}` };
}

export function artifactAt(org: string, digest: Digest): Place {
  return { collection: 'artifacts', key: `${org}/${digest}` };
}

export function activationAt(org: string, env: string, generation: number): Place {
  return { collection: 'activations', key: `${org}/${env}/${pad(generation, generationDigits)}` };
}

export function journalAt(org: string, env: string, n: number): Place {
  return { collection: 'journal', key: `${org}/${env}/${pad(n, journalDigits)}` };
}

export function executionAt(org: string, env: string, generation: number): Place {
  return { collection: 'executions', key: `${org}/${env}/${pad(generation, generationDigits)}` };
}

export function answerAt(org: string, submission: string): Place {
  return { collection: 'answers', key: `${org}/${submission}` };
}

export function identityAt(org: string, project: string, firstName: string, ordinal: number): Place {
  return { collection: 'identities', key: `${org}/${project}/${firstName}/${pad(ordinal, 6)}` };
}

export function childAt(org: string, parent: string, child: string): Place {
  return { collection: 'children', key: `${org}/${parent}/${child}` };
}

/** Every environment under a root, the root included. */
export function memberAt(org: string, root: string, env: string): Place {
  return { collection: 'members', key: `${org}/${root}/${env}` };
}

export function holdAt(org: string, provider: string, service: string, child: string): Place {
  return { collection: 'holds', key: `${org}/${provider}/${service}/${child}` };
}

export function keyAt(org: string, uniqueKey: string): Place {
  return { collection: 'keys', key: `${org}/${uniqueKey}` };
}

/** A child whose newest activation failed because it waited for this provider (protocol 13). */
export function waitingAt(org: string, provider: string, child: string): Place {
  return { collection: 'waiting', key: `${org}/${provider}/${child}` };
}

export function timerAt(dueAt: number, id: string): Place {
  return { collection: 'timers', key: `${pad(dueAt, timeDigits)}/${id}` };
}

/** Where the stream has the event that ended a stage of an activation, for redrive (protocol 28). */
export function saidAt(org: string, env: string, generation: number, stage: Stage): Place {
  return { collection: 'said', key: `${org}/${env}/${pad(generation, generationDigits)}/${stage}` };
}

/** Bumped by every claim that brings a new edge between two environments (protocol 16). */
export function topologyAt(org: string): Place {
  return { collection: 'meta', key: `topology/${org}` };
}

/** An environment whose mappings or pools name another one outside of its lineage. */
export function namerAt(org: string, named: string, env: string): Place {
  return { collection: 'meta', key: `${namerPrefix(org, named)}${env}` };
}

export const namersPrefix = 'namer/';

export function namerPrefix(org: string, named: string): string {
  return `${namersPrefix}${org}/${named}/`;
}

/** A signed checkpoint of an organisation's audit log, by its size. */
export function checkpointAt(org: string, size: number): Place {
  return { collection: 'meta', key: `${checkpointPrefix(org)}${pad(size, checkpointDigits)}` };
}

export function checkpointPrefix(org: string): string {
  return `checkpoint/${org}/`;
}

/** A prediction about an environment, which may be there or not. */
export function predictionAt(org: string, env: string, n: number): Place {
  return { collection: 'meta', key: `${predictionPrefix(org, env)}${pad(n, generationDigits)}` };
}

/** Of one environment, or of all of an organisation. */
export function predictionPrefix(org: string, env?: string): string {
  return env === undefined ? `prediction/${org}/` : `prediction/${org}/${env}/`;
}

/** A snapshot of an environment's data, which outlives the environment. */
export function snapshotAt(org: string, env: string, name: string): Place {
  return { collection: 'meta', key: `${snapshotPrefix(org, env)}${name}` };
}

/** Of one environment, or of all of an organisation. */
export function snapshotPrefix(org: string, env?: string): string {
  return env === undefined ? `snapshot/${org}/` : `snapshot/${org}/${env}/`;
}

export const busAt: Place = { collection: 'meta', key: 'bus' };

export function timerPrefixUpTo(now: number): string {
  return pad(now + 1, timeDigits);
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
