import {
  plannedFrom,
  type UnderParentRequest,
  underParent,
  type WhatIfRequest,
  whatIf,
} from '@microstax/contracts/plan-requests';
import { defaultPrices } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import { parse } from 'yaml';
import { readBytes } from '../blueprint-file.ts';
import { CliError } from '../cli-error.ts';
import { artifactOf, notFound, readDetail } from '../detail.ts';
import { type EnvAt, readEnvAt } from '../env-at.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { findingLines } from '../outcome.ts';
import { dollars, firstLine, printObject, strong, table } from '../output.ts';
import { planDifference } from '../plan-difference.ts';
import { ask, openSession, type Session } from '../session.ts';

type Swaps = Pick<WhatIfRequest, 'prices' | 'policies'> & { readonly parent?: EnvAt };

/**
 * What other prices or policies, or another parent, would change of a plan: derived by the graph, decided by the planner,
 * recorded by nobody.
 */
export async function planWhatIf(env: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  const { parent, ...swaps } = readSwaps([flags.whatIf].flat().map(String));
  await using session = await openSession(orgOf(flags));
  const detail = await readDetail(session, env, at);
  const before = artifactOf<Plan>(detail, 'plan');
  const artifacts =
    parent === undefined
      ? Object.fromEntries(plannedFrom.map((kind) => [kind, JSON.stringify(artifactOf(detail, kind))]))
      : await artifactsUnder(session, { env, at: detail.activation?.generation, parent });
  const reply = await ask(session, whatIf, { artifacts, ...swaps });
  if (reply.kind === 'refused') throw refused(reply.findings);
  const after = reply.plan;
  const changes = planDifference(before, after).filter(({ change }) => change !== 'unchanged');
  const sides = { before: figuresOf(before), after: figuresOf(after) };
  const draw = (): string => {
    const rows = changes.map((one) => [one.service, one.change, one.before ?? '-', one.after ?? '-']);
    const moved =
      rows.length === 0 ? 'no service would be placed anew\n' : table(['SERVICE', 'CHANGE', 'BEFORE', 'AFTER'], rows);
    const cost = table(
      ['', 'CANDIDATE', 'HERE', 'COST/H'],
      Object.entries(sides).map(([side, one]) => [side, one.candidate, String(one.local), dollars(one.microsPerHour)]),
    );
    return `${strong(detail.activation?.activation ?? env)}  what if\n${moved}\n${cost}`;
  };
  process.stdout.write(printObject(format, { env, changes, ...sides, plan: after }, draw, `plan/${env}`));
}

/** What the planner reads, as the graph derives it under another parent. */
async function artifactsUnder(session: Session, asked: UnderParentRequest): Promise<WhatIfRequest['artifacts']> {
  const reply = await ask(session, underParent, asked);
  if (reply.kind === 'not found') throw notFound(reply, asked.parent.env);
  if (reply.kind === 'refused') throw refused(reply.findings);
  return reply.artifacts;
}

function refused(findings: readonly Finding[]): CliError {
  return new CliError({
    code: findings[0]?.code ?? 'refused',
    message: `The plan would be refused:\n  ${findingLines(findings).join('\n  ')}`,
    exitCode: exitCodes.invalidInput,
    details: findings,
  });
}

function figuresOf({ candidates, placements, cost }: Plan) {
  return {
    candidate: candidates.find(({ chosen }) => chosen)?.name ?? '-',
    local: placements.filter(({ kind }) => kind === 'local').length,
    microsPerHour: cost.microsPerHour,
  };
}

/** `price=cpuCoreHourMicros:80000`, `policy=<file>` and `parent=<env>[@<generation>]`; several may stand behind one flag. */
export function readSwaps(words: readonly string[]): Swaps {
  const prices: Record<string, number> = {};
  let policies: WhatIfRequest['policies'];
  let parent: EnvAt | undefined;
  for (const word of words.flatMap((one) => one.split(','))) {
    const [what, value = ''] = splitOnce(word, '=');
    const [price, amount] = splitOnce(value, ':');
    if (what === 'price' && price !== '' && amount !== undefined) prices[priceNamed(price)] = microsOf(price, amount);
    else if (what === 'policy' && value !== '') policies = readPolicies(value);
    else if (what === 'parent' && value !== '') parent = readEnvAt(value);
    else throw usage(word);
  }
  return { prices, ...(policies === undefined ? {} : { policies }), ...(parent === undefined ? {} : { parent }) };
}

const priceNames = Object.keys(defaultPrices).filter((name) => name !== 'source');

function priceNamed(name: string): string {
  if (priceNames.includes(name)) return name;
  throw new CliError({
    code: 'usage',
    message: `Cannot ask what if the price ${JSON.stringify(name)}: allowed are ${priceNames.join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

function microsOf(price: string, written: string): number {
  const amount = Number(written);
  if (written.trim() !== '' && Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new CliError({
    code: 'usage',
    message: `Cannot ask what if ${price} were ${JSON.stringify(written)}: allowed are whole micro-dollars from 0`,
    exitCode: exitCodes.usage,
  });
}

function splitOnce(text: string, by: string): readonly [string, string?] {
  const at = text.indexOf(by);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function readPolicies(path: string): NonNullable<WhatIfRequest['policies']> {
  const text = readBytes(path).toString('utf8');
  if (text.trim() === '') throw unreadable(path, 'it is empty; no policies are written []');
  try {
    return parse(text) as NonNullable<WhatIfRequest['policies']>;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unreadable(path, firstLine(why));
  }
}

function unreadable(path: string, why: string): CliError {
  const message = `Cannot read the policies of ${JSON.stringify(path)}: ${why}`;
  return new CliError({ code: 'invalid-policies', message, exitCode: exitCodes.invalidInput });
}

function usage(word: string): CliError {
  return new CliError({
    code: 'usage',
    message: `Cannot ask what if ${JSON.stringify(word)}: allowed are price=<name>:<micro-dollars>, policy=<file> and parent=<env>[@<generation>]`,
    next: 'msx plan <env> --what-if price=cpuCoreHourMicros:80000',
    exitCode: exitCodes.usage,
  });
}
