import { get } from 'node:http';
import type { InstanceRecord } from '@microstax/model/journal';
import type { ProbeCheck, ProbeName, ProbeSpec } from '@microstax/model/probe-spec';
import type { ServiceSpec } from '@microstax/model/service-spec';
import type { Clock } from '@microstax/service/clock';
import { isSameProcess } from '@microstax/service/process-identity';
import { acceptsConnection } from './tcp-ready.ts';

export type ProbeRequest = {
  readonly spec: ServiceSpec;
  readonly instance: InstanceRecord;
  /** How long a readiness probe is asked, where its own times do not ask for more. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};
export type ProbeOutcome =
  | { readonly kind: 'passed' | 'cancelled' | 'ended' }
  | { readonly kind: 'failed'; readonly reason: string };

/** How long a program may take to start by its own word. */
export function startupMs({ probes: { startup } = {} }: ServiceSpec): number {
  return startup === undefined ? 0 : (startup.initialDelaySeconds + startup.periodSeconds * startup.failures) * 1_000;
}

/** Asks the startup probe, then the readiness probe, each until it passes for the first time. Liveness is not asked. */
export async function untilProbesPass(request: ProbeRequest, clock: Clock): Promise<ProbeOutcome> {
  for (const name of ['startup', 'readiness'] as const) {
    const probe = request.spec.probes?.[name];
    const outcome = probe === undefined ? passed : await untilPasses(name, probe, request, clock);
    if (outcome.kind !== 'passed') return outcome;
  }
  return passed;
}

const passed: ProbeOutcome = { kind: 'passed' };

async function untilPasses(
  name: ProbeName,
  probe: ProbeSpec,
  { spec, instance, timeoutMs, signal }: ProbeRequest,
  clock: Clock,
): Promise<ProbeOutcome> {
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, failures, successes, check } = probe;
  await clock.delay(initialDelaySeconds * 1_000, signal);
  const endsAt = clock.monotonicMs() + Math.max(timeoutMs, failures * periodSeconds * 1_000);
  let [good, bad] = [0, 0];
  for (;;) {
    if (signal.aborted) return { kind: 'cancelled' };
    const answer = await ask(check, instance, timeoutSeconds * 1_000);
    // Asked after the probe: who answers while our process has ended is somebody else.
    if (!isSameProcess(instance)) return { kind: 'ended' };
    [good, bad] = answer === 'passes' ? [good + 1, 0] : [0, bad + 1];
    if (good >= successes) return passed;
    // Not ready is no failure of its own, not to have started is (as with Kubernetes).
    const over = name === 'startup' ? bad >= failures : clock.monotonicMs() >= endsAt;
    if (over) return { kind: 'failed', reason: `the ${name} probe of "${spec.name}" does not pass: ${answer}` };
    await clock.delay(periodSeconds * 1_000, signal);
  }
}

/** `passes`, or why not in words. */
async function ask(check: ProbeCheck, { ports }: InstanceRecord, timeoutMs: number): Promise<string> {
  if (check.kind !== 'http' && check.kind !== 'tcp') return `a local process is not asked by ${check.kind}`;
  const port = typeof check.port === 'number' ? check.port : ports[check.port];
  if (port === undefined) return `it has no port "${check.port}"`;
  if (check.kind === 'http') return askHttp({ ...check, port }, timeoutMs);
  return (await acceptsConnection(port, timeoutMs)) ? 'passes' : `port ${port} accepts no connection`;
}

function askHttp(
  { port, path, headers }: Extract<ProbeCheck, { kind: 'http' }> & { readonly port: number },
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false, timeout: timeoutMs }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 400 ? 'passes' : `port ${port} answers with status ${statusCode}`);
    });
    request.once('timeout', () => {
      resolve(`port ${port} does not answer within ${timeoutMs / 1_000} s`);
      request.destroy();
    });
    request.once('error', ({ message }) => resolve(`port ${port} cannot be asked: ${message}`));
  });
}
