import { addressText } from '@microstax/model/external-address';
import type { Resolution, ResolvedRecord } from '@microstax/model/resolution';
import { artifactOf, missingService, readDetail } from '../detail.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, printListing, printObject, strong } from '../output.ts';
import { openSession } from '../session.ts';

/** The resolved identity record of one service, or the list of all. */
export async function resolveCommand(env: string, service: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const { records } = artifactOf<Resolution>(await readDetail(session, env, at), 'resolution');
  if (service === undefined) {
    process.stdout.write(
      printListing(format, {
        items: records,
        name: (record) => `record/${env}/${record.service}`,
        columns: [
          { head: 'SERVICE', of: (record) => record.service },
          { head: 'TIER', of: (record) => record.tier },
          { head: 'TARGET', of: targetText },
          { head: 'TRIED', of: (record) => record.tried.length, wide: true },
        ],
      }),
    );
    return;
  }
  const record = records.find((one) => one.service === service);
  if (record === undefined)
    throw missingService(
      env,
      service,
      records.map((one) => one.service),
    );
  process.stdout.write(
    printObject(
      format,
      record,
      () =>
        `${[`${strong(service)} in ${env} → ${record.target && !('external' in record.target) ? `${record.target.service} in ${record.target.env}` : record.target === null ? `denied (${record.code})` : targetText(record)}`, ...drawTiers(record)].map(clean).join('\n')}\n`,
      `record/${env}/${service}`,
    ),
  );
}

/** The environment or the address that answers, else the code of the denial. */
function targetText({ target, code }: ResolvedRecord): string | undefined {
  if (target === null) return code;
  return 'external' in target ? addressText(target.external) : target.env;
}

export function drawTiers({ tried }: ResolvedRecord): string[] {
  return tried.map(
    ({ tier, env, answered, reason }) => `    ${answered ? '→' : ' '} ${tier}${env ? ` ${env}` : ''}: ${reason}`,
  );
}
