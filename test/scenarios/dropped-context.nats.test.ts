import type { PropagationEdge } from '@microstax/contracts/propagation';
import type { Finding } from '@microstax/model/finding';
import type { Plan } from '@microstax/model/plan';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.ts';
import { askHttp } from './ask-http.ts';
import {
  asYaml,
  baseline,
  type EchoAnswer,
  type EchoDraft,
  echo,
  hopsOf,
  overlay,
  type WrittenBlueprint,
  type WrittenService,
} from './blueprints.ts';
import { type House, startHouse } from './house.ts';
import { type CliResult, runCliHere } from './run-cli.ts';

/** One service of web → a → b → v drops the context: with the plan's word for it requests arrive all the same, and a probe names it. */

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const plain = { web: { upstreams: ['a'], expose: true }, a: { upstreams: ['b'] }, b: { upstreams: ['v'] }, v: {} };
type Name = keyof typeof plain;

/** What a service says of itself, and does. */
const drops = { env: { DROPS: 'all' } };
const dropsAndSaysSo = { ...drops, more: { dependsOn: [{ service: 'b', propagates: false }] } };

function chainWith(drafts: Partial<Record<Name, EchoDraft>> = {}): readonly WrittenService[] {
  return (Object.keys(plain) as Name[]).map((name) => echo(name, { ...plain[name], ...drafts[name] }));
}

test('entry → a → b → v with a dropping headers: a becomes local, says why, and requests reach v', async () => {
  await applied('chain', baseline('chain', chainWith({ a: dropsAndSaysSo })));
  await applied('chain-v', overlay('chain-v', 'chain', [echo('v', { version: '2' })]));
  expect(await house.locals('chain-v')).toEqual(['a', 'v']);
  const { placements, contextEdges } = await house.artifact<Plan>('chain-v', 'plan');
  const reasons = placements.find(({ service }) => service === 'a')?.reasons.map(({ text }) => text);
  expect(reasons?.join('; ')).toMatch(/a .*b.*context/);
  expect(contextEdges.map(({ from, to, carrier }) => `${from} → ${to}: ${carrier}`)).toEqual([
    'a → b: stamped by the listener',
    'b → v: baggage',
    'web → a: baggage',
  ]);

  const url = await house.urlOf('chain', 'web');
  expect(await hops(url)).toBe('web@chain > a@chain > b@chain > v@chain');
  expect(await hops(url, 'chain-v')).toBe('web@chain > a@chain-v > b@chain > v@chain-v');
  // Every hop is where the plan placed it, whoever was changed.
  for (const changed of ['web', 'a', 'b', 'v'] as const) {
    const env = `chain-of-${changed}`;
    const draft = { ...plain[changed], ...(changed === 'a' ? dropsAndSaysSo : {}), version: '3' };
    await applied(env, overlay(env, 'chain', [echo(changed, draft)]));
    expect(await hops(url, env)).toBe(placed(await house.artifact<Plan>(env, 'plan'), plain));
    expect(await hops(url)).toBe('web@chain > a@chain > b@chain > v@chain');
  }
});

test('where ways meet and two services drop the context, every hop of every request is where the plan placed it', async () => {
  const says = (...to: string[]): Readonly<Record<string, unknown>> => ({
    dependsOn: to.map((service) => ({ service, propagates: false })),
  });
  const gem = {
    web: { upstreams: ['a', 'c'], expose: true },
    a: { upstreams: ['b'] },
    b: { upstreams: ['v', 'w'], ...drops, more: says('v', 'w') },
    c: { upstreams: ['b', 'v'], ...drops, more: says('b', 'v') },
    v: { upstreams: ['x'] },
    w: { upstreams: ['x'] },
    x: {},
  } satisfies Record<string, EchoDraft>;
  const names = Object.keys(gem) as (keyof typeof gem)[];
  await applied(
    'gem',
    baseline(
      'gem',
      names.map((name) => echo(name, gem[name])),
    ),
  );
  const url = await house.urlOf('gem', 'web');
  const nobody = await hops(url);
  expect(nobody).not.toMatch(/@(?!gem)/);
  for (const changed of [['x'], ['w'], ['b'], ['v', 'a']] as const) {
    const env = `gem-${changed.join('-')}`;
    await applied(
      env,
      overlay(
        env,
        'gem',
        changed.map((name) => echo(name, { ...gem[name], version: '2' })),
      ),
    );
    const plan = await house.artifact<Plan>(env, 'plan');
    expect(await hops(url, env), env).toBe(placed(plan, gem));
    expect(await hops(url), env).toBe(nobody);
  }
  expect(await house.locals('gem-x')).toEqual(['b', 'c', 'x']);
});

test('msx check propagation agrees where a service that drops the context says so', async () => {
  const { code, edges, findings } = await check('chain-v');
  expect(code).toBe(exitCodes.ok);
  expect(edges).toEqual(['a → b: dropped, stamped', 'b → v: carried', 'web → a: carried']);
  expect(findings).toEqual([]);
  const ofBaseline = await check('chain');
  expect(ofBaseline.code).toBe(exitCodes.ok);
  expect(ofBaseline.edges).toEqual(['a → b: dropped', 'b → v: not seen', 'web → a: carried']);
});

for (const [DROPS, seen] of [
  ['all', 'time'],
  ['baggage', 'trace'],
] as const)
  test(`msx check propagation names a service that is declared to pass the context on and drops it (${DROPS})`, async () => {
    const env = `lies-${DROPS}`;
    await applied(env, baseline(env, chainWith({ a: { env: { DROPS } } })));
    const { code, edges, findings, stderr } = await check(env);
    expect(code).toBe(exitCodes.differs);
    // A request that kept its trace gets the probe back from the router, so that the walk goes on behind a.
    const behind = DROPS === 'baggage' ? 'b → v: carried' : 'b → v: not seen';
    expect(edges).toEqual(['a → b: dropped', behind, 'web → a: carried']);
    expect(findings).toMatchObject([
      { severity: 'error', code: 'context-dropped', subject: 'a', evidence: { to: 'b', seenBy: seen } },
    ]);
    expect(stderr).toContain(`${env}: the context is dropped by a`);
    expect(stderr).toContain('libs/propagate');
    const { stdout } = await run(['check', 'propagation', env]);
    expect(stdout).toMatch(
      /^CALLER +CALLEE +PROTOCOL +DECLARED +OBSERVED +WHY\na +b +http +propagates +dropped +a request/,
    );
  });

test('msx check propagation tells strangers’ requests from those of its probe', async () => {
  await applied('busy', baseline('busy', chainWith()));
  const [web, v] = [await house.urlOf('busy', 'web'), await house.urlOf('busy', 'v')];
  let done = false;
  const strangers = (async () => {
    while (!done) await Promise.all([askHttp(web), askHttp(v, 'nobody'), askHttp(v)]);
  })();
  const { code, edges } = await check('busy', '--probes', '10');
  done = true;
  await strangers;
  expect(edges).toEqual(['a → b: carried', 'b → v: carried', 'web → a: carried']);
  expect(code).toBe(exitCodes.ok);
});

test('a context that is unknown, expired or malformed meets the policy of the baseline, and the answer says which', async () => {
  const brief = overlay('brief', 'busy', [echo('v', { version: '2' })]);
  await applied('brief', brief);
  const url = await house.urlOf('busy', 'web');
  expect(await hops(url, 'brief')).toContain('v@brief');
  expect((await house.command('delete', 'brief')).activation).toMatchObject({ outcome: 'ready' });
  await eventually(async () => (await askHttp(url, 'brief')).reason?.includes('expired'));
  const reasons = async (target: string): Promise<(string | undefined)[]> => {
    const asked = ['brief', 'never', 'a b%'].map((value) => askHttp(target, { 'x-msx-env': value }));
    return (await Promise.all(asked)).map(
      ({ status, reason }) => `${status} ${reason?.replace(/^local overlay; /, '')}`,
    );
  };
  const told = [
    '200 expired context, baseline busy answers',
    '200 unknown context, baseline busy answers',
    '200 malformed context, listener of busy',
  ];
  expect(await reasons(url)).toEqual(told);
  // A router that starts later knows it too, and a name that is used again means something again.
  await house.restart('router');
  const later = await house.urlOf('busy', 'web');
  expect(await reasons(later)).toEqual(told);
  await applied('brief', brief);
  expect(await hops(later, 'brief')).toContain('v@brief');
  expect((await house.command('delete', 'brief')).activation).toMatchObject({ outcome: 'ready' });

  await applied('busy', baseline('busy', chainWith(), { routing: { mode: 'baseline', unknown: 'deny' } }));
  await eventually(async () => (await askHttp(later, 'brief')).status === 404);
  expect((await reasons(later)).map((one) => one?.split(';')[0])).toEqual([
    '404 expired-context',
    '404 unknown-context',
    '200 malformed context, listener of busy',
  ]);
});

test('msx check propagation says what it cannot check', async () => {
  expect(await run(['check', 'propagation', 'nowhere'])).toMatchObject({ code: exitCodes.notFound });
  expect(await run(['check', 'weather', 'busy'])).toMatchObject({ code: exitCodes.usage });
  expect(await run(['check', 'propagation', 'busy', '--path', 'x'])).toMatchObject({ code: exitCodes.usage });
  await applied('dark', baseline('dark', [echo('web', { upstreams: [] })]));
  const dark = await run(['check', 'propagation', 'dark']);
  expect(dark.code).toBe(exitCodes.failed);
  expect(dark.stderr).toContain('Cannot probe dark: no router listens over http for web');
});

type Checked = {
  readonly code: number | null;
  readonly edges: string[];
  readonly findings: readonly Finding[];
  readonly stderr: string;
};

async function check(env: string, ...more: string[]): Promise<Checked> {
  const { code, stdout, stderr } = await run(['check', 'propagation', env, '-o', 'json', ...more]);
  const { edges, findings } = JSON.parse(stdout) as { edges: PropagationEdge[]; findings: Finding[] };
  const say = ({ from, to, observed, stamped }: PropagationEdge): string =>
    `${from} → ${to}: ${observed}${stamped ? ', stamped' : ''}`;
  return { code, stderr, findings, edges: edges.map(say) };
}

function run(args: readonly string[]): Promise<CliResult> {
  return runCliHere(args, { NATS_URL: house.url });
}

async function hops(url: string, context?: string): Promise<string> {
  return hopsOf((await askHttp<EchoAnswer>(url, context)).body);
}

/** The hops of a request that enters at web, each where the plan says that its service is. */
function placed({ env, placements }: Plan, graph: Readonly<Record<string, EchoDraft>>): string {
  const hop = (service: string): string => {
    const placement = placements.find((one) => one.service === service);
    const own = `${service}@${placement?.kind === 'local' ? env : placement?.provider?.env}`;
    const [first, ...rest] = (graph[service]?.upstreams ?? []).map(hop);
    if (first === undefined) return own;
    return rest.length === 0 ? `${own} > ${first}` : `${own} > (${[first, ...rest].join(', ')})`;
  };
  return hop('web');
}

async function applied(env: string, blueprint: WrittenBlueprint): Promise<void> {
  const { activation } = await house.apply(env, asYaml(blueprint));
  expect(activation, activation?.reason).toMatchObject({ outcome: 'ready' });
}
