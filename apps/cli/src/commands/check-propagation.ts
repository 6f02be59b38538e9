import type { EnvironmentGraph } from '@microstax/contracts/graph-views';
import { judgedProbesMax, type PropagationReply, propagation } from '@microstax/contracts/propagation';
import type { Resolution } from '@microstax/model/resolution';
import { CliError } from '../cli-error.ts';
import { artifactOf, read, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { countOf, type Flags, orgOf, outputOf } from '../flags.ts';
import { clean, type OutputFormat, printListing, printObject } from '../output.ts';
import { type ProbeAnswer, sendProbe } from '../send-probe.ts';
import { ask, openSession, type Session } from '../session.ts';

const probesDefault = 3; // what time alone says has to hold for all of them
const probesMax = 20;
const probeTimeoutMs = 10_000;
const waitMs = 3_000;

type Entry = { readonly service: string; readonly url: string };
type Entered = Entry & { readonly probes: readonly ProbeAnswer[] };
type Checked = {
  readonly env: string;
  readonly context: string;
  readonly entries: readonly Entered[];
} & PropagationReply;

/** Sends probes through an environment and says who drops its context: exit code 6 where the declared is not what is seen. */
export async function checkPropagationCommand(env: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const path = pathOf(flags.path);
  const count = probesOf(flags.probes);
  await using session = await openSession(orgOf(flags));
  const { item: graph } = await read(session, { kind: 'graph', env });
  const resolution = artifactOf<Resolution>(await readDetail(session, env), 'resolution');
  const { context } = resolution;
  const entries = await entriesOf(session, graph, resolution);
  refuseTooMany(entries.length * count);
  const entered: Entered[] = [];
  for (const entry of entries) {
    const probes: ProbeAnswer[] = [];
    // One after the other: a request without a context is then the one probe's that is under way.
    for (let nth = 0; nth < count; nth += 1)
      probes.push(await sendProbe({ url: entry.url, path, context, timeoutMs: probeTimeoutMs }));
    entered.push({ ...entry, probes });
  }
  const reply = await ask(session, propagation, {
    graph,
    context: context.value,
    probes: entered.flatMap(({ service, probes }) => probes.map(({ probe }) => ({ id: probe, entry: service }))),
    waitMs,
  });
  const checked: Checked = { env, context: context.value, entries: entered, ...reply };
  process.stdout.write(print(format, checked));
  sayWhatElse(checked, path);
  process.exitCode = exitCodeOf(checked);
}

/** Lost probes prove nothing, so they come before what the others showed. */
function exitCodeOf({ entries, culprits, unfinished }: Checked): number {
  const lost = entries.flatMap(({ probes }) => probes).some(({ target }) => target === null);
  if (lost || unfinished.length > 0) return exitCodes.failed;
  return culprits.length > 0 ? exitCodes.differs : exitCodes.ok;
}

function print(format: OutputFormat, checked: Checked): string {
  if (format === 'json' || format === 'yaml') return printObject(format, checked, () => '', checked.env);
  return printListing(format, {
    items: checked.edges,
    name: ({ from, to }) => `edge/${checked.env}/${from}/${to}`,
    columns: [
      { head: 'CALLER', of: ({ from }) => from },
      { head: 'CALLEE', of: ({ to }) => to },
      { head: 'PROTOCOL', of: ({ kind, protocol }) => (kind === 'calls' ? protocol : kind) },
      { head: 'DECLARED', of: ({ declared }) => (declared ? 'propagates' : 'does not') },
      { head: 'OBSERVED', of: ({ observed, stamped }) => (stamped ? `${observed}, stamped` : observed) },
      { head: 'SEEN BY', of: ({ evidence }) => evidence, wide: true },
      { head: 'WHY', of: ({ reason }) => reason },
    ],
  });
}

function sayWhatElse({ env, entries, culprits, findings, unfinished, edges }: Checked, path: string): void {
  const say = (line: string): void => void process.stderr.write(`${clean(line)}\n`);
  for (const { service, probes } of entries) {
    const [bad] = probes.filter(({ status, target }) => target === null || (status ?? 500) >= 400);
    if (bad)
      say(
        `GET ${path} of ${service} answered ${bad.status ?? 'nothing'}: ${bad.reason}; what lies behind it may not have been reached`,
      );
  }
  if (unfinished.length > 0)
    say(`the router has not finished with ${unfinished.length} probe(s): is one running, and is it this version?`);
  for (const { severity, reason, next } of findings) say(`${severity}: ${reason}${next ? `\n  ${next}` : ''}`);
  if (culprits.length > 0) say(`${env}: the context is dropped by ${culprits.join(', ')}`);
  else if (edges.some(({ observed }) => observed === 'carried')) say(`${env}: nobody was seen dropping the context`);
}

/** Where requests enter, as the planner has it: exposed services, else those that nobody calls. */
async function entriesOf(
  session: Session,
  graph: EnvironmentGraph,
  { records }: Resolution,
): Promise<readonly Entry[]> {
  const { env, ancestors, services } = graph;
  const called = new Set(services.flatMap(({ dependsOn }) => dependsOn.map(({ service }) => service)));
  const exposed = services.filter(({ expose }) => expose);
  const names = (exposed.length > 0 ? exposed : services.filter(({ name }) => !called.has(name))).map(
    ({ name }) => name,
  );
  const overHttp = (service: string): readonly string[] =>
    (records.find((record) => record.service === service)?.ports ?? [])
      .filter(({ protocol }) => protocol === 'http')
      .map(({ name }) => name);
  const found = new Map<string, Entry>();
  // The baseline's listener first: that is where the requests of an overlay come from.
  for (const place of [...ancestors].reverse().concat(env)) {
    const { items } = await read(session, { kind: 'services', env: place });
    for (const { service, urls } of items) {
      const url = overHttp(service).flatMap((port) => urls[port] ?? [])[0];
      if (url !== undefined && names.includes(service) && !found.has(service)) found.set(service, { service, url });
    }
  }
  if (found.size > 0) return [...found.values()];
  throw new CliError({
    code: 'no-entry',
    message: `Cannot probe ${env}: no router listens over http for ${names.length > 0 ? names.join(', ') : 'any of its services'}`,
    next: `msx status ${env}; expose a service with an http port where there is none`,
  });
}

function refuseTooMany(probes: number): void {
  if (probes <= judgedProbesMax) return;
  throw new CliError({
    code: 'usage',
    message: `Cannot send ${probes} probes: allowed are ${judgedProbesMax} in all`,
    next: 'fewer --probes to each entry, or expose the services where requests enter',
    exitCode: exitCodes.usage,
  });
}

function pathOf(path: unknown): string {
  if (path === undefined) return '/';
  if (typeof path === 'string' && /^\/[\x21-\x7e]*$/.test(path)) return path;
  throw new CliError({
    code: 'usage',
    message: `Cannot read --path ${JSON.stringify(path)}: allowed is a path that begins with "/", percent-encoded`,
    exitCode: exitCodes.usage,
  });
}

function probesOf(flag: unknown): number {
  const count = countOf('--probes', flag) ?? probesDefault;
  if (count <= probesMax) return count;
  throw new CliError({
    code: 'usage',
    message: `Cannot send ${count} probes to each entry: allowed are ${probesMax}`,
    exitCode: exitCodes.usage,
  });
}
