import { parseArgs } from 'node:util';
import { activation } from './activation.ts';
import { baseline } from './baseline.ts';
import type { Bench } from './bench.ts';
import { graph } from './graph.ts';
import { kubernetes } from './kubernetes.ts';
import { plan } from './plan.ts';
import { resolve } from './resolve.ts';
import { router } from './router.ts';
import { store } from './store.ts';
import { asJsonLines, asTable } from './table.ts';
import { wake } from './wake.ts';

/** `npm run bench -- <name>`: every bench is called by name and prints lines of one shape. */
const benches: readonly Bench[] = [activation, baseline, graph, kubernetes, plan, resolve, router, store, wake];

const list = benches.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n');
const help = `Usage: npm run bench -- <name> [--json] [--quick]

Benches:
${list}

Options:
  --json    one object a line: name, n, unit, p50, p99, floor, ratio
  --quick   few samples, to see whether it works
  --help    this text
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = read(args);
  if (typeof asked === 'string') return refuse(asked);
  const { name, json, quick, wantsHelp } = asked;
  if (wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  if (name === undefined) return refuse('which bench?');
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) return refuse(`there is no bench "${name}"`);
  const rows = await bench.run({ quick, progress: (line) => void process.stderr.write(`${line}\n`) });
  process.stdout.write(json ? `${asJsonLines(rows)}\n` : `${asTable(rows)}\n\n${bench.legend.join('\n')}\n`);
  return 0;
}

type Asked = {
  readonly name: string | undefined;
  readonly json: boolean;
  readonly quick: boolean;
  readonly wantsHelp: boolean;
};

function read(args: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (positionals.length > 1) return `one bench at a time, not ${positionals.join(', ')}`;
    const { json = false, quick = false, help: wantsHelp = false } = values;
    return { name: positionals[0], json, quick, wantsHelp };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function refuse(why: string): number {
  process.stderr.write(`error: ${why}\n\nBenches:\n${list}\n\n  next: npm run bench -- --help\n`);
  return 2;
}
