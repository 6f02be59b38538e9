import { type EnvironmentDetail, type Query, type QueryReply, query } from '@microstax/contracts/queries';
import type { ArtifactKind } from '@microstax/model/digest';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, type Session } from './session.ts';

/** Asks the graph; what is not known ends with exit code 3 and the nearest names. */
export async function read<K extends Query['kind']>(
  session: Session,
  question: Query & { kind: K },
): Promise<Extract<QueryReply, { kind: K }>> {
  const reply = await ask(session, query, question);
  if (reply.kind === 'not found') throw notFound(reply, 'env' in question ? question.env : undefined);
  if (reply.kind === 'outside retention')
    throw new CliError({
      code: 'outside-retention',
      message: `Generation ${reply.at} of ${JSON.stringify(reply.env)} is outside retention: the oldest that is kept is ${reply.floor}`,
      next: `msx get activations ${reply.env}`,
      exitCode: exitCodes.notFound,
    });
  return reply as Extract<QueryReply, { kind: K }>;
}

/** What is not there, what there is, and the command that lists it. */
export function notFound(
  { what, known }: { readonly what: string; readonly known: readonly string[] },
  env: string | undefined,
): CliError {
  const generations = what.startsWith('generation ');
  const named = generations ? (/of "([^"]*)"$/.exec(what)?.[1] ?? env) : undefined;
  return new CliError({
    code: 'not-found',
    message: `There is no ${what}${known.length > 0 ? `; known: ${someOf(known, generations)}` : ''}`,
    next: named === undefined ? 'msx get environments' : `msx get activations ${named}`,
    exitCode: exitCodes.notFound,
  });
}

const knownMax = 12; // an error is for reading

/** Of generations the newest. */
function someOf(known: readonly string[], newest: boolean): string {
  return (newest ? known.slice(-knownMax) : known.slice(0, knownMax)).join(', ');
}

export async function readDetail(session: Session, env: string, at?: number): Promise<EnvironmentDetail> {
  return (await read(session, { kind: 'environment-detail', env, at })).item;
}

/** An artifact of a generation; says how far the generation came where there is none. */
export function artifactOf<T>(detail: EnvironmentDetail, kind: ArtifactKind): T {
  const found = detail.artifacts[kind];
  if (found) return JSON.parse(found.bytes) as T;
  const { activation, status } = detail;
  throw new CliError({
    code: 'no-artifact',
    message: `${activation?.activation ?? status.env} has no ${kind}: it is ${activation?.outcome ?? activation?.stage ?? status.state}, ${activation?.reason ?? status.reason}`,
    next: `msx status ${status.env}`,
    trace: activation?.traces[0] ?? null,
    exitCode: exitCodes.notFound,
  });
}

export function missingService(env: string, service: string, known: readonly string[]): CliError {
  return new CliError({
    code: 'not-found',
    message: `${env} has no service ${JSON.stringify(service)}; it has: ${known.join(', ')}`,
    next: `msx get services ${env}`,
    exitCode: exitCodes.notFound,
  });
}

/** What is no service of the plan: a job's id has a kind before its colon, and those of that kind are named. */
export function missingToExplain(
  env: string,
  asked: string,
  services: readonly string[],
  jobs: readonly string[],
): CliError {
  const colon = asked.indexOf(':');
  if (colon < 0) return missingService(env, asked, services);
  const alike = jobs.filter((id) => id.startsWith(asked.slice(0, colon + 1)));
  return new CliError({
    code: 'not-found',
    message: `The plan of ${env} has no job ${JSON.stringify(asked)}; it has: ${someOf(alike.length > 0 ? alike : jobs, false)}`,
    next: `msx plan ${env}`,
    exitCode: exitCodes.notFound,
  });
}
