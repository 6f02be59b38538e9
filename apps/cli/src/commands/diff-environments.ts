import type { ComparedService, GenerationRef, GraphDifference } from '@microstax/contracts/graph-views';
import { read } from '../detail.ts';
import { readEnvAt } from '../env-at.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, type OutputFormat, printListing, printObject, strong, table, text } from '../output.ts';
import { openSession } from '../session.ts';

/** What leads from one environment, or one generation of it, to another; exit code 6 only where `--exit-code` asks. */
export async function diffEnvironments(from: string, to: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  const [before, after] = [readEnvAt(from, at), readEnvAt(to, at)];
  await using session = await openSession(orgOf(flags));
  const { item } = await read(session, { kind: 'difference', ...before, to: after });
  process.stdout.write(printDifference(item, format));
  const differs = item.services.length + item.environment.length > 0;
  process.exitCode = differs && flags.exitCode === true ? exitCodes.differs : exitCodes.ok;
}

/** Fields of the environments stand apart: under the services they would read as the last one's. */
export function printDifference(item: GraphDifference, format: OutputFormat): string {
  if (format === 'json' || format === 'yaml') return printObject(format, item, () => '', item.to.env);
  const { services, environment, unchanged, from, to } = item;
  if (format === 'name')
    return printListing(format, {
      items: services,
      columns: [],
      name: ({ service }) => `service/${to.env}/${service}`,
    });
  const title = `${strong(`${nameOf(from)} → ${nameOf(to)}`)}  ${services.length} of ${services.length + unchanged} services differ\n`;
  const rows = services.flatMap((service) => rowsOf(service, format === 'wide'));
  const own = environment.map(({ pointer, before, after }) => [pointer, text(before), text(after)]);
  const parts = [
    rows.length === 0 ? '' : table(['SERVICE', 'CHANGE', 'CLASS', 'BEFORE', 'AFTER'], rows),
    own.length === 0 ? '' : `${strong('Environment')}\n${table(['FIELD', 'BEFORE', 'AFTER'], own)}`,
  ];
  return clean(`${title}${parts.filter((part) => part !== '').join('\n')}`);
}

/** A line for the service, and one for each of its fields. */
function rowsOf({ service, change, formerName, owners, changes }: ComparedService, wide: boolean): string[][] {
  const before = formerName ?? (wide ? owners.before : null);
  const first = [service, change, '', text(before), text(wide ? owners.after : null)];
  return [first, ...changes.map((one) => ['', one.pointer, one.class, text(one.before), text(one.after)])];
}

function nameOf({ env, generation }: GenerationRef): string {
  return `${env}@${generation}`;
}
