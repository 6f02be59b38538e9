import type { EnvironmentStatus } from '@microstax/model/status';
import { read, readDetail } from '../detail.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { findingLines } from '../outcome.ts';
import { ago, printObject, strong, text } from '../output.ts';
import { openSession } from '../session.ts';
import { getCommand } from './get.ts';

/** One environment with its pointers, reason and findings; without a name the list. */
export async function statusCommand(env: string | undefined, flags: Flags): Promise<void> {
  if (env === undefined) return getCommand('environments', undefined, { ...flags, output: flags.output ?? 'wide' });
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const { status, activation } = await readDetail(session, env, at);
  const { items } = await read(session, { kind: 'activations', env, at });
  const newest = items.find((item) => item.generation === status.generation) ?? activation;
  const whole = { ...status, activation: newest };
  process.stdout.write(
    printObject(
      format,
      whole,
      () => {
        const findings = findingLines(newest?.findings ?? []);
        const lines = [
          `${strong(status.env)}  ${status.state}`,
          ...pointers(status),
          `  reason      ${text(status.reason)}`,
          `  trace       ${status.trace ? `msx trace ${status.env}@${status.generation}` : '-'}`,
          ...(findings.length > 0 ? ['  findings', ...findings.map((line) => `    ${line}`)] : []),
        ];
        return `${lines.join('\n')}\n`;
      },
      `environment/${env}`,
    ),
  );
}

function pointers(status: EnvironmentStatus): string[] {
  const {
    mode,
    parent,
    generation,
    stage,
    outcome,
    head,
    target,
    serving,
    wanted,
    epoch,
    local,
    services,
    updatedAt,
    floor,
    expiresAt,
  } = status;
  return [
    `  mode        ${mode}${parent ? ` of ${parent}` : ''}`,
    `  wanted      ${wanted}`,
    `  generation  ${generation} (${outcome ?? stage}, ${ago(updatedAt, Date.now())} ago)`,
    `  head        ${text(head?.generation)}   target ${text(target?.generation)}   serving ${text(serving?.generation)}   epoch ${epoch}`,
    `  local       ${local === null ? '-' : `${local} of ${services} services`}`,
    ...(expiresAt === undefined
      ? []
      : [`  expires     in ${ago(Date.now(), expiresAt)}, ${new Date(expiresAt).toISOString()}`]),
    ...(floor === undefined ? [] : [`  kept        from generation ${floor} on`]),
  ];
}
