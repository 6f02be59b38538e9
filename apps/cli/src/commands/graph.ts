import type { EnvironmentGraph } from '@microstax/contracts/graph-views';
import { shortDigest } from '@microstax/model/digest';
import { read } from '../detail.ts';
import { dotOf, mermaidOf } from '../draw-graph.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { printListing, printObject } from '../output.ts';
import { openSession } from '../session.ts';

const drawings: Readonly<Record<'mermaid' | 'dot', (graph: EnvironmentGraph) => string>> = {
  mermaid: mermaidOf,
  dot: dotOf,
};

/** What an environment amounts to once its lineage is composed: every service, whose it is, and what it depends on. */
export async function graphCommand(env: string, flags: Flags): Promise<void> {
  const format = outputOf(flags, 'table', ['mermaid', 'dot']);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const { item } = await read(session, { kind: 'graph', env, at });
  if (format === 'mermaid' || format === 'dot') {
    process.stdout.write(drawings[format](item));
    return;
  }
  if (format === 'json' || format === 'yaml') {
    process.stdout.write(printObject(format, item, () => '', env));
    return;
  }
  process.stdout.write(
    printListing(format, {
      items: item.services,
      name: ({ name }) => `service/${env}/${name}`,
      columns: [
        { head: 'SERVICE', of: ({ name }) => name },
        { head: 'OWNER', of: ({ owner }) => owner },
        { head: 'STATE', of: ({ state }) => state },
        { head: 'PLACEMENT', of: ({ placement }) => placement },
        { head: 'PROVIDER', of: ({ provider }) => provider },
        { head: 'IDENTITY', of: ({ identity }) => identity, wide: true },
        { head: 'SPEC', of: ({ specDigest }) => shortDigest(specDigest), wide: true },
        { head: 'DEPENDS ON', of: ({ dependsOn }) => dependsOn.map(({ service }) => service).join(' ') },
      ],
    }),
  );
  if (item.removed.length > 0) process.stderr.write(`taken away from what is inherited: ${item.removed.join(', ')}\n`);
}
