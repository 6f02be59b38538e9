import type {
  ActivationItem,
  AuditItem,
  ExecutionItem,
  RevisionItem,
  ServiceItem,
  SubmissionItem,
} from '@microstax/contracts/queries';
import { shortDigest } from '@microstax/model/digest';
import type { JournalEntry } from '@microstax/model/journal';
import type { EnvironmentStatus } from '@microstax/model/status';
import { auditOf } from '../audit-of.ts';
import { CliError } from '../cli-error.ts';
import { notFound, read, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { describeEvent } from '../journal-line.ts';
import { ago, type Listing, printListing } from '../output.ts';
import { openSession, type Session } from '../session.ts';

const aliases: Readonly<Record<string, string>> = {
  env: 'environments',
  envs: 'environments',
  environment: 'environments',
  svc: 'services',
  service: 'services',
  rev: 'revisions',
  revision: 'revisions',
  activation: 'activations',
  exec: 'executions',
  submission: 'submissions',
};

type Lister = (session: Session, name: string | undefined, at: number | undefined) => Promise<Listing<never>>;

/** `msx get <kind> [env]`; with `execution` or `journal` and an environment every transition. */
export async function getCommand(kind: string, name: string | undefined, flags: Flags): Promise<void> {
  const wanted = kind === 'execution' ? (name === undefined ? 'executions' : 'journal') : (aliases[kind] ?? kind);
  const lister = listers[wanted];
  if (lister === undefined)
    throw new CliError({
      code: 'usage',
      message: `Cannot get ${JSON.stringify(kind)}: allowed are ${Object.keys(listers).join(', ')}`,
      exitCode: exitCodes.usage,
    });
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const listed = await lister(session, name, at);
  // Nothing there and nobody of that name are two answers.
  if (listed.items.length === 0 && name !== undefined) await readDetail(session, name, at);
  process.stdout.write(printListing(format, listed));
}

const listers: Readonly<Record<string, Lister>> = {
  environments: async (session, env, at) => {
    const { items } = await read(session, { kind: 'environments', env, at });
    if (env !== undefined && items.length === 0) {
      const known = (await read(session, { kind: 'environments' })).items.map((item) => item.env);
      throw notFound({ what: `environment "${env}"`, known }, env);
    }
    return listing<EnvironmentStatus>(items, ({ env }) => `environment/${env}`, {
      NAME: ({ env }) => env,
      STATUS: ({ state }) => state,
      MODE: ({ mode }) => mode,
      PARENT: ({ parent }) => parent,
      GENERATION: ({ generation }) => generation,
      SERVING: ({ serving }) => serving?.generation,
      LOCAL: ({ local, services }) => (local === null ? null : `${local}/${services}`),
      AGE: ({ updatedAt }) => ago(updatedAt, Date.now()),
      EXPIRES: ({ expiresAt }) => (expiresAt === undefined ? null : `in ${ago(Date.now(), expiresAt)}`),
      '*REASON': ({ reason }) => reason,
    });
  },
  services: async (session, env, at) =>
    listing<ServiceItem>(
      (await read(session, { kind: 'services', env, at })).items,
      (item) => `service/${item.env}/${item.service}`,
      {
        ENVIRONMENT: (item) => item.env,
        SERVICE: ({ service }) => service,
        PLACEMENT: ({ placement }) => placement,
        PROVIDER: ({ provider }) => provider,
        PIDS: ({ pids }) => pids.join(','),
        URL: ({ urls }) => Object.values(urls).join(' '),
        '*TIER': ({ tier }) => tier,
        '*IDENTITY': ({ identity }) => identity,
        '*SPEC': ({ specDigest }) => shortDigest(specDigest),
      },
    ),
  revisions: async (session, env, at) =>
    listing<RevisionItem>(
      (await read(session, { kind: 'revisions', env, at })).items,
      ({ revision }) => `revision/${revision}`,
      {
        ENVIRONMENT: (item) => item.env,
        REVISION: ({ revision }) => shortDigest(revision),
        GENERATION: ({ firstGeneration }) => firstGeneration,
        ACTOR: ({ actor }) => actor.name,
        SOURCE: ({ source }) => source,
        AGE: (item) => ago(item.at, Date.now()),
      },
    ),
  activations: async (session, env, at) =>
    listing<ActivationItem>(
      (await read(session, { kind: 'activations', env: needed(env, 'activations'), at })).items,
      ({ activation }) => `activation/${activation}`,
      {
        ACTIVATION: ({ activation }) => activation,
        STAGE: ({ stage }) => stage,
        OUTCOME: ({ outcome }) => outcome,
        CAUSE: ({ cause }) => cause.kind,
        WANTED: ({ wanted }) => wanted,
        REASON: ({ reason }) => reason,
        AGE: ({ at }) => ago(at, Date.now()),
        '*SOURCE': ({ source }) => source,
        '*TRACE': ({ traces }) => traces[0],
      },
    ),
  executions: async (session, env, at) =>
    listing<ExecutionItem>(
      (await read(session, { kind: 'executions', env, at })).items,
      ({ execution }) => `execution/${execution}`,
      {
        EXECUTION: ({ execution }) => execution,
        STATE: ({ state }) => state,
        EPOCH: ({ epoch }) => epoch,
        OWNER: ({ owner }) => (owner ? `${owner.host}/${owner.pid}` : null),
        REASON: ({ reason }) => reason,
        AGE: ({ startedAt }) => ago(startedAt, Date.now()),
      },
    ),
  journal: async (session, env, at) =>
    listing<JournalEntry>(
      (await read(session, { kind: 'journal', env: needed(env, 'journal'), at })).items,
      ({ n }) => `journal/${env}/${n}`,
      {
        N: ({ n }) => n,
        TIME: (entry) => new Date(entry.at).toISOString(),
        GENERATION: ({ generation }) => generation,
        EPOCH: ({ epoch }) => epoch,
        WHAT: ({ event }) => describeEvent(event).what,
        REASON: ({ event }) => describeEvent(event).reason,
      },
    ),
  submissions: async (session, env, at) =>
    listing<SubmissionItem>(
      (await read(session, { kind: 'submissions', env, at })).items,
      ({ submission }) => `submission/${submission}`,
      {
        SUBMISSION: ({ submission }) => submission,
        ENVIRONMENT: (item) => item.env,
        ORDER: ({ order }) => `${order.incarnation}:${order.sequence}`,
        ANSWER: ({ answer }) => answer.kind,
        GENERATION: ({ answer }) => ('generation' in answer ? answer.generation : null),
        AGE: ({ at }) => ago(at, Date.now()),
      },
    ),
  audit: async (session, env, at) =>
    listing<AuditItem>(auditOf(await auditItems(session), env, at), ({ n }) => `audit/${n}`, {
      N: ({ n }) => n,
      TIME: ({ at }) => new Date(at).toISOString(),
      ACTOR: ({ actor }) => actor?.name,
      VERB: ({ verb }) => verb,
      SUBJECT: ({ subject }) => subject,
      DIGEST: ({ digest }) => (digest ? shortDigest(digest) : null),
    }),
};

async function auditItems(session: Session): Promise<readonly AuditItem[]> {
  const items: AuditItem[] = [];
  for (;;) {
    const page = (await read(session, { kind: 'audit', after: items.at(-1)?.n ?? 0 })).items;
    if (page.length === 0) return items;
    items.push(...page);
  }
}

type Of<T> = Readonly<Record<string, (item: T) => string | number | null | undefined>>;

/** Heads that begin with `*` are shown by `-o wide` only. */
function listing<T>(items: readonly T[], name: (item: T) => string, columns: Of<T>): Listing<never> {
  const shaped = Object.entries(columns).map(([head, of]) => ({
    head: head.replace('*', ''),
    of,
    ...(head.startsWith('*') ? { wide: true } : {}),
  }));
  return { items, name, columns: shaped } as unknown as Listing<never>;
}

function needed(env: string | undefined, kind: string): string {
  if (env !== undefined) return env;
  throw new CliError({
    code: 'usage',
    message: `Cannot get ${kind} without an environment`,
    next: `msx get ${kind} <env>`,
    exitCode: exitCodes.usage,
  });
}
