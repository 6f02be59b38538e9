import type { Composition } from '@microstax/model/composition';
import type { Derivation } from '@microstax/model/derivation';
import type { Resolution } from '@microstax/model/resolution';
import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import { hasTooManyRules } from '@microstax/model/routing-artifacts/gateway';
import type { RoutedEnvironment } from '@microstax/model/routing-artifacts/route-answers';
import {
  mirroringFormats,
  type RoutingFormat,
  routingFormats,
  writeRouting,
} from '@microstax/model/routing-artifacts/routing-artifact';
import { CliError } from '../cli-error.ts';
import { artifactOf, missingService, readDetail } from '../detail.ts';
import { type EnvAt, readEnvAt } from '../env-at.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, printListing } from '../output.ts';
import { openSession, type Session } from '../session.ts';

/**
 * Where requests of an environment's callers go, as another program reads it. Compiled here from what the graph recorded
 * of each generation, so it needs none of the services that decided it.
 */
export async function artifactsCommand(env: string, flags: Flags): Promise<void> {
  const format = formatOf(flags.format);
  const listed = flags.output === undefined ? null : outputOf(flags);
  const asked = readEnvAt(env, generationOf(flags));
  const mirror = mirrorOf(flags.mirror, format, asked.env);
  const others = ((flags.with ?? []) as string[]).map((one) => readEnvAt(one));
  await using session = await openSession(orgOf(flags));
  const listener = await readLineage(session, asked);
  const families = [];
  for (const other of [...others, ...mirror]) families.push(...(await readLineage(session, other)));
  const [first, ...ancestors] = listener;
  const family = {
    listener: first,
    others: [...ancestors, ...families],
    ...Object.fromEntries(mirror.map((one) => ['mirror', one.env])),
  };
  for (const { resolution } of families) refuseOtherRoot(first, resolution);

  const all = compileRouting(format, family);
  refuseTooManyRules(all, format);
  const { service } = flags;
  const shown = typeof service === 'string' ? all.filter((one) => one.service === service) : all;
  if (typeof service === 'string' && shown.length === 0)
    throw missingService(
      asked.env,
      service,
      all.map((one) => one.service),
    );
  if (listed === null) {
    const preface = routingPreface(format, first.resolution.context.headerName);
    process.stdout.write(clean(writeRouting(format, shown, preface)));
    return;
  }
  process.stdout.write(
    printListing(listed, {
      items: shown,
      name: (one) => `artifact/${one.env}/${one.service}/${one.format}`,
      columns: [
        { head: 'SERVICE', of: (one) => one.service },
        { head: 'FORMAT', of: (one) => one.format },
        { head: 'DIGEST', of: (one) => one.digest },
      ],
    }),
  );
}

export function formatOf(written: unknown): RoutingFormat {
  const format = routingFormats.find((one) => one === written);
  if (format !== undefined) return format;
  throw new CliError({
    code: 'usage',
    message: `Cannot write artifacts as ${JSON.stringify(written)}: allowed are ${routingFormats.join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

/** The one environment that is sent copies, if any is named. */
function mirrorOf(written: unknown, format: RoutingFormat, listener: string): readonly EnvAt[] {
  if (typeof written !== 'string') return [];
  const refuse = (because: string) =>
    new CliError({
      code: 'usage',
      message: `Cannot mirror "${listener}" to ${JSON.stringify(written)}: ${because}`,
      exitCode: exitCodes.usage,
    });
  if (!mirroringFormats.includes(format)) throw refuse(`${format} sends no copies, ${mirroringFormats.join(', ')} do`);
  const mirror = readEnvAt(written);
  if (mirror.env === listener) throw refuse('a copy goes to another environment');
  return [mirror];
}

/** The environment and its ancestors, these as its derivation saw them: that never changes afterwards. */
async function readLineage(session: Session, asked: EnvAt): Promise<[RoutedEnvironment, ...RoutedEnvironment[]]> {
  const detail = await readDetail(session, asked.env, asked.at);
  const { lineage } = artifactOf<Derivation>(detail, 'derivation');
  const ancestors: RoutedEnvironment[] = [];
  for (const { env, generation } of lineage) ancestors.push(routed(await readDetail(session, env, generation)));
  return [routed(detail), ...ancestors];
}

function routed(detail: Awaited<ReturnType<typeof readDetail>>): RoutedEnvironment {
  return {
    resolution: artifactOf<Resolution>(detail, 'resolution'),
    composition: artifactOf<Composition>(detail, 'composition'),
  };
}

/** The Gateway API bounds a route, and where unknown values are matched it cannot be split. */
function refuseTooManyRules(all: ReturnType<typeof compileRouting>, format: RoutingFormat): void {
  const over = all.filter(({ content }) => content.kind === 'objects' && content.objects.some(hasTooManyRules));
  if (over.length === 0) return;
  const services = over.map(({ service }) => `"${service}"`).join(', ');
  throw new CliError({
    code: 'usage',
    message: `Cannot write ${format} of ${services}: an HTTPRoute holds 16 rules, and these contexts have more answers`,
    next: 'name fewer environments by --with',
    exitCode: exitCodes.usage,
  });
}

function refuseOtherRoot({ resolution: { env, context } }: RoutedEnvironment, other: Resolution): void {
  if (other.context.root === context.root) return;
  throw new CliError({
    code: 'usage',
    message: `Cannot tell the context of "${other.env}" at "${env}": its root is "${other.context.root}", not "${context.root}"`,
    next: `msx lineage ${other.env}`,
    exitCode: exitCodes.usage,
  });
}
