import { randomUUID } from 'node:crypto';
import type { Bundle } from '@microstax/contracts/bundle';
import { openArtifact } from '@microstax/contracts/bundle';
import { headerNames } from '@microstax/contracts/header-names';
import { blueprintSubject, filters, parseSubject } from '@microstax/contracts/subjects';
import type { Difference } from '@microstax/model/difference';
import type { ArtifactKind } from '@microstax/model/digest';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import type { Resolution } from '@microstax/model/resolution';
import type { Revision } from '@microstax/model/revision';
import type { BlueprintFile } from './blueprint-file.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import type { Session } from './session.ts';

/** After so long without a word the preview is submitted anew: nothing of it is stored that could be asked for. */
const silenceMs = 10_000;
const triesMax = 6;

/** What would be decided: nothing was committed, nothing started (protocol 30). */
export type Preview = {
  readonly env: string;
  readonly verdict: 'approved' | 'denied' | 'refused' | 'rejected';
  readonly findings: readonly Finding[];
  readonly revision: Revision | null;
  readonly revisionDigest: string | null;
  readonly difference: Difference | null;
  readonly plan: Plan | null;
  readonly resolution: Resolution | null;
  /** Canonical bytes of what was decided from and of what was decided, by kind. */
  readonly artifacts: { readonly [kind in ArtifactKind]?: string };
};

/** Sends a Blueprint the whole way with purpose `preview`; it subscribes before it speaks and filters by submission. */
export async function previewBlueprint(
  session: Session,
  { file, bytes, env }: BlueprintFile,
  signal?: AbortSignal,
): Promise<Preview> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const preview = await previewOnce(session, { bytes, env }, signal);
    if (preview) return preview;
  }
  throw new CliError({
    code: 'no-answer',
    message: `Nobody decided the preview of ${file} within ${(silenceMs * triesMax) / 1000} s`,
    next: 'msx status, and look at: msx events',
    exitCode: exitCodes.timeout,
  });
}

async function previewOnce(
  session: Session,
  { bytes, env }: { bytes: Uint8Array; env: string },
  signal?: AbortSignal,
): Promise<Preview | undefined> {
  const id = randomUUID();
  await using events = await session.bus.subscribe(filters.eventsAbout(session.org, env));
  await session.bus.publishRaw({
    subject: blueprintSubject({ org: session.org, env }),
    body: bytes,
    id,
    headers: { [headerNames.purpose]: 'preview' },
  });
  let silence = AbortSignal.timeout(silenceMs);
  const iterator = events[Symbol.asyncIterator]();
  let bundle: Bundle = {};
  for (;;) {
    const next = await Promise.race([iterator.next(), aborted(silence, signal)]);
    signal?.throwIfAborted();
    if (next === undefined || next.done) return undefined;
    const heard = readHeard(next.value.subject, next.value.body);
    if (heard?.body.submission !== id) continue;
    silence = AbortSignal.timeout(silenceMs);
    bundle = { ...bundle, ...heard.body.bundle };
    const verdict = verdictOf(heard.event);
    if (verdict) return previewOf(env, verdict, heard.body.findings ?? [], await session.bus.openBundle(bundle));
  }
}

function previewOf(env: string, verdict: Preview['verdict'], found: readonly Finding[], bundle: Bundle): Preview {
  const open = <T>(kind: ArtifactKind): T | null =>
    bundle[kind]?.bytes === undefined ? null : openArtifact<T>(bundle, kind).value;
  const report = open<{ findings: readonly Finding[] }>('findings');
  return {
    env,
    verdict,
    findings: found.length > 0 ? found : (report?.findings ?? []),
    revision: open('revision'),
    revisionDigest: bundle.revision?.digest ?? null,
    difference: open('difference'),
    plan: open('plan'),
    resolution: open('resolution'),
    artifacts: Object.fromEntries(
      Object.entries(bundle).flatMap(([kind, entry]) => (entry?.bytes === undefined ? [] : [[kind, entry.bytes]])),
    ),
  };
}

type Heard = {
  readonly event: string;
  readonly body: {
    readonly submission?: string | null;
    readonly bundle?: Bundle;
    readonly findings?: readonly Finding[];
  };
};

function readHeard(subject: string, bytes: Uint8Array): Heard | undefined {
  const parsed = parseSubject(subject);
  if (parsed?.kind !== 'event') return undefined;
  try {
    return {
      event: `${parsed.service} ${parsed.last}`,
      body: JSON.parse(Buffer.from(bytes).toString('utf8')) as Heard['body'],
    };
  } catch {
    return undefined;
  }
}

function verdictOf(event: string): Preview['verdict'] | undefined {
  if (event === 'intake rejected') return 'rejected';
  if (event === 'graph refused' || event === 'planner refused') return 'refused';
  if (event === 'validator approved') return 'approved';
  return event === 'validator denied' ? 'denied' : undefined;
}

function aborted(...signals: readonly (AbortSignal | undefined)[]): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal?.aborted) resolve(undefined);
      signal?.addEventListener('abort', () => resolve(undefined), { once: true });
    }
  });
}
