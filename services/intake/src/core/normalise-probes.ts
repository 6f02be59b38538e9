import {
  type ProbeCheck,
  type ProbeName,
  type ProbeSpec,
  type ProbesSpec,
  probeNames,
} from '@microstax/model/probe-spec';
import type { PortSpec } from '@microstax/model/service-spec';
import type { WrittenService } from './blueprint-schema.ts';
import { durationSeconds } from './durations.ts';
import type { Path } from './located.ts';
import { defaultPort } from './normalise-ports.ts';
import type { WrittenProbe } from './probe-schema.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';
import { sortedRecord } from './sorted-record.ts';

const checkKinds = ['http', 'tcp', 'exec', 'grpc'] as const;
const defaultSeconds = { initialDelay: 0, period: 10, timeout: 1 } as const;
const defaultFailures = 3;
const defaultSuccesses = 1;

type Around = { readonly ports: readonly PortSpec[]; readonly path: Path; readonly problems: Problem[] };

/** Probes with their times in seconds and their ports by name, undefined where there are none. */
export function normaliseProbes(
  written: WrittenService['probes'],
  { ports, path }: { readonly ports: readonly PortSpec[]; readonly path: Path },
): { readonly value: ProbesSpec | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const found: { [name in ProbeName]?: ProbeSpec } = {};
  for (const name of probeNames) {
    const probe = written[name];
    if (probe === undefined) continue;
    const spec = normaliseProbe(probe, { ports, path: [...path, 'probes', name], problems });
    if (spec !== undefined) found[name] = spec;
  }
  return { value: Object.keys(found).length === 0 ? undefined : found, problems };
}

function normaliseProbe(written: WrittenProbe, around: Around): ProbeSpec | undefined {
  const check = checkOf(written, around);
  const times = {
    initialDelaySeconds: secondsOf('initialDelay', written, around),
    periodSeconds: secondsOf('period', written, around),
    timeoutSeconds: secondsOf('timeout', written, around),
  };
  const { failures = defaultFailures, successes = defaultSuccesses } = written;
  return check === undefined ? undefined : { check, ...times, failures, successes };
}

function checkOf(written: WrittenProbe, around: Around): ProbeCheck | undefined {
  const [kind, ...others] = checkKinds.filter((known) => written[known] !== undefined);
  if (kind === undefined || others.length > 0) {
    around.problems.push({
      code: 'one-check',
      path: around.path,
      reason:
        kind === undefined
          ? 'the probe looks at nothing'
          : `the probe looks at ${quoteList([kind, ...others])} at once`,
      next: `write exactly one of ${quoteList(checkKinds)}`,
    });
    return undefined;
  }
  const { http, tcp, exec, grpc } = written;
  if (exec !== undefined) return { kind: 'exec', command: exec.command };
  const port = portOf((http ?? tcp ?? grpc)?.port, kind, around);
  if (port === undefined) return undefined;
  if (http !== undefined) return { kind: 'http', port, path: http.path, headers: sortedRecord(http.headers) };
  if (grpc?.service !== undefined) return { kind: 'grpc', port, service: grpc.service };
  return { kind: grpc === undefined ? 'tcp' : 'grpc', port };
}

/** A declared port is called by its name, whichever way it is written; a number that nobody declares stays one. */
function portOf(
  written: string | number | undefined,
  kind: string,
  { ports, path, problems }: Around,
): string | number | undefined {
  const found =
    written === undefined
      ? defaultPort(ports, undefined)
      : ports.find(({ name, containerPort }) => name === written || containerPort === written);
  if (found !== undefined) return found.name;
  if (typeof written === 'number') return written;
  const names = ports.map(({ name }) => name);
  problems.push({
    code: written === undefined ? 'ambiguous-port' : 'unknown-port',
    path: [...path, kind, ...(written === undefined ? [] : ['port'])],
    reason: written === undefined ? 'the probe names no port' : `the service has no port ${quote(written)}`,
    next: names.length === 0 ? 'write the number of the port' : `its ports are ${quoteList(names)}`,
  });
  return undefined;
}

function secondsOf(field: keyof typeof defaultSeconds, written: WrittenProbe, { path, problems }: Around): number {
  const text = written[field];
  if (text === undefined) return defaultSeconds[field];
  const seconds = durationSeconds(text);
  if (seconds !== undefined && (seconds > 0 || field === 'initialDelay')) return seconds;
  problems.push(badDuration([...path, field], text, field === 'initialDelay' ? '' : ', at least 1s'));
  return defaultSeconds[field];
}

/** The problem with a text that is no duration. */
export function badDuration(path: Path, text: string | number, bound = ''): Problem {
  return {
    code: 'bad-duration',
    path,
    reason: `found ${quote(String(text))}, expected a duration such as 10s, 1m30s, 72h, 7d or a number of seconds${bound}`,
  };
}
