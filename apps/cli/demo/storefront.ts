import type { Plan } from '@microstax/model/plan';
import { onStage, type Stage } from './stage.ts';

/**
 * The main job on the storefront: a baseline, an overlay that changes one service, a team overlay and a feature on top
 * of it; the same URL with and without the context; why; what it costs; and the trace.
 */
process.exitCode = await onStage({ name: 'demo', upArgs: process.argv.slice(2) }, play);

async function play(stage: Stage): Promise<void> {
  const { msx, say } = stage;
  say('1. A baseline: every service is a local process');
  await msx(['apply', '-f', 'examples/storefront/baseline.yaml', '--wait']);
  await msx(['get', 'services', 'shop']);

  say('2. An overlay that changes payments: one process more, the rest is inherited');
  await msx(['apply', '-f', 'examples/storefront/overlay-payments.yaml', '--wait']);
  await msx(['get', 'services', 'feat-payments']);

  say('3. The same URL, without and with the context');
  await show(stage, undefined);
  await show(stage, 'feat-payments');

  say('4. A team overlay, and a feature on top of it: a lineage of three');
  await msx([
    'apply',
    '-f',
    'examples/storefront/team-checkout.yaml',
    '-f',
    'examples/storefront/feature-express.yaml',
    '--wait',
  ]);
  await msx(['get', 'environments']);
  await show(stage, 'feat-express');
  await msx(['resolve', 'feat-express', 'shipping']);

  say('5. Why');
  await msx(['explain', 'feat-payments', 'payments']);
  await msx(['explain', 'feat-payments', 'catalog']);

  say('6. The plan and its cost');
  await msx(['plan', 'feat-payments']);
  checkCost(JSON.parse(await msx(['plan', 'feat-payments', '-o', 'json'], { quiet: true })) as Plan);

  say('7. One trace through all six services');
  await msx(['trace', 'feat-payments@1']);
  say('8. Taking it down');
}

type Hop = {
  readonly service: string;
  readonly version: string;
  readonly environment?: string;
  readonly pid: number;
  readonly result?: unknown;
  readonly calls?: readonly Hop[];
};

async function show(stage: Stage, context: string | undefined): Promise<void> {
  const url = `${stage.url('shop', 'web')}/`;
  const header = context === undefined ? {} : { baggage: `msx-env=${context}` };
  process.stdout.write(`\n$ curl ${context === undefined ? '' : `-H 'baggage: msx-env=${context}' `}${url}\n`);
  const response = await fetch(url, { headers: header });
  const answer = (await response.json()) as Hop;
  process.stdout.write(
    `HTTP ${response.status}  x-msx-target: ${response.headers.get('x-msx-target')}  x-msx-reason: ${response.headers.get('x-msx-reason')}\n`,
  );
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  draw(answer, 0);
}

function draw(hop: Hop, depth: number): void {
  process.stdout.write(
    `${'  '.repeat(depth)}${hop.service} ${hop.version} served by ${hop.environment ?? 'unknown'} (pid ${hop.pid})\n`,
  );
  for (const call of hop.calls ?? []) draw(call, depth + 1);
}

/** The figures follow from the terms: the formula is no decoration. */
function checkCost({ cost }: Plan): void {
  const sum = (terms: Plan['cost']['terms']): number =>
    terms.reduce((total, { microsPerHour }) => total + microsPerHour, 0);
  if (sum(cost.terms) !== cost.microsPerHour || sum(cost.fullCopyTerms) !== cost.fullCopyMicrosPerHour)
    throw new Error('the cost does not follow from its terms');
  process.stdout.write(
    `recomputed from -o json: ${sum(cost.terms)} of ${sum(cost.fullCopyTerms)} micro-dollars an hour, as stated\n`,
  );
}
