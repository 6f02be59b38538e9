import { addressText } from '@microstax/model/external-address';
import type { Resolution, ResolvedRecord } from '@microstax/model/resolution';
import { targetText } from '@microstax/model/target-text';
import { artifactOf, missingService, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { countOf, type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, type OutputFormat, printListing, printObject, strong } from '../output.ts';
import { recordDifference } from '../record-difference.ts';
import { openSession, type Session } from '../session.ts';

/** The resolved identity record of one service, or the list of all; with `--diff` what became of them since. */
export async function resolveCommand(env: string, service: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  const since = countOf('--diff', flags.diff);
  await using session = await openSession(orgOf(flags));
  const records = await recordsOf(session, env, at);
  if (since !== undefined) {
    showDifference({ env, service, format }, await recordsOf(session, env, since), records);
    return;
  }
  if (service === undefined) {
    process.stdout.write(listed(format, env, records));
    return;
  }
  const record = records.find((one) => one.service === service);
  if (record === undefined) throw missingService(env, service, namesOf(records));
  process.stdout.write(printObject(format, record, () => drawRecord(env, record), `record/${env}/${service}`));
}

type Asked = { readonly env: string; readonly service: string | undefined; readonly format: OutputFormat };

/** People see what differs, programs all services. Exit code 6 where something does. */
function showDifference(
  { env, service, format }: Asked,
  before: readonly ResolvedRecord[],
  after: readonly ResolvedRecord[],
): void {
  const all = recordDifference(before, after);
  const asked = service === undefined ? all : all.filter((one) => one.service === service);
  if (service !== undefined && asked.length === 0) throw missingService(env, service, namesOf(all));
  const whole = format === 'json' || format === 'yaml';
  const items = whole ? asked : asked.filter(({ change }) => change !== 'unchanged');
  const place = (record: ResolvedRecord | null) => record && targetText(record);
  process.stdout.write(
    printListing(format, {
      items,
      name: (one) => `record/${env}/${one.service}`,
      columns: [
        { head: 'SERVICE', of: (one) => one.service },
        { head: 'CHANGE', of: ({ change }) => change },
        { head: 'TIER BEFORE', of: (one) => one.before?.tier },
        { head: 'TIER AFTER', of: (one) => one.after?.tier },
        { head: 'BEFORE', of: (one) => place(one.before) },
        { head: 'AFTER', of: (one) => place(one.after) },
        { head: 'FIELDS', of: ({ fields }) => fields.join(', '), wide: true },
      ],
    }),
  );
  process.exitCode = asked.some(({ change }) => change !== 'unchanged') ? exitCodes.differs : exitCodes.ok;
}

async function recordsOf(session: Session, env: string, at: number | undefined): Promise<Resolution['records']> {
  return artifactOf<Resolution>(await readDetail(session, env, at), 'resolution').records;
}

function namesOf(records: readonly { readonly service: string }[]): string[] {
  return records.map(({ service }) => service);
}

function listed(format: OutputFormat, env: string, records: readonly ResolvedRecord[]): string {
  return printListing(format, {
    items: records,
    name: (record) => `record/${env}/${record.service}`,
    columns: [
      { head: 'SERVICE', of: (record) => record.service },
      { head: 'TIER', of: (record) => record.tier },
      { head: 'TARGET', of: placeOf },
      { head: 'TRIED', of: (record) => record.tried.length, wide: true },
    ],
  });
}

/** The environment or the address, else the code: the service is in the first column. */
function placeOf({ target, code }: ResolvedRecord): string | undefined {
  if (target === null) return code;
  return 'external' in target ? addressText(target.external) : target.env;
}

function drawRecord(env: string, record: ResolvedRecord): string {
  const lines = [`${strong(record.service)} in ${env} → ${targetText(record)}`, ...drawTiers(record)];
  return `${lines.map(clean).join('\n')}\n`;
}

export function drawTiers({ tried }: ResolvedRecord): string[] {
  return tried.map(
    ({ tier, env, answered, reason }) => `    ${answered ? '→' : ' '} ${tier}${env ? ` ${env}` : ''}: ${reason}`,
  );
}
