import { parseSubject } from '@microstax/contracts/subjects';

/** What a subject says about its message, for spans, order and dead letters; tokens that are not allowed say nothing. */
export type SubjectAddress = {
  /** Low-cardinality name for spans. */
  readonly template: string;
  readonly org: string | undefined;
  readonly env: string | undefined;
  /** Messages with one key keep their order: the environment, else the subject. */
  readonly key: string;
};

export function subjectAddress(subject: string): SubjectAddress {
  const known = recent.get(subject);
  if (known !== undefined) return known;
  const address = addressOf(subject);
  if (recent.size >= recentMax) recent.clear();
  recent.set(subject, address);
  return address;
}

/** Each message asks three times, and a busy environment's subjects come again and again. */
const recent = new Map<string, SubjectAddress>();
const recentMax = 1_000;

function addressOf(subject: string): SubjectAddress {
  const parsed = parseSubject(subject);
  if (parsed === undefined) return foreignAddress(subject);
  const { org } = parsed;
  const [root = '', kind = '', ...rest] = subject.split('.');
  if (parsed.kind === 'request')
    return { template: named(root, kind, parsed.service, '{org}', parsed.op), org, env: undefined, key: subject };
  const { env } = parsed;
  const key = `${org}.${env}`;
  if (parsed.kind === 'blueprint') return { template: named(root, kind, '{org}', '{env}'), org, env, key };
  const [service = '', , , last = ''] = rest;
  return { template: named(root, kind, service, '{org}', '{env}', last), org, env, key };
}

/** Dead letters, advisories, traces, and whatever somebody published with tokens of another alphabet. */
function foreignAddress(subject: string): SubjectAddress {
  const [root = '', kind = '', third = '', ...rest] = subject.split('.');
  const ours = root === 'msx';
  const dead = ours && kind === 'dlq';
  const template = dead ? named(root, kind, '{org}', ...rest) : ours ? named(root, kind, '…') : subject;
  return { template, org: dead ? third : undefined, env: undefined, key: subject };
}

function named(...tokens: readonly string[]): string {
  return tokens.join('.');
}
