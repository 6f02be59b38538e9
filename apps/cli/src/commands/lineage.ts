import type { EnvironmentLineage, LineageLink } from '@microstax/contracts/graph-views';
import { shortDigest } from '@microstax/model/digest';
import { read } from '../detail.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, printObject, strong, table, text } from '../output.ts';
import { openSession } from '../session.ts';

/** The chain that an environment derives from with links, pins and offers, and who derives from it. */
export async function lineageCommand(env: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const { item } = await read(session, { kind: 'lineage', env, at });
  process.stdout.write(printObject(format, item, () => drawLineage(item), `environment/${env}`));
}

function drawLineage(lineage: EnvironmentLineage): string {
  const { env, generation, mode, state, outcome, links, outside, children } = lineage;
  const title = `${strong(`${env}@${generation}`)}  ${mode}, ${state ?? outcome ?? 'on its way'}\n`;
  const chain =
    links.length === 0
      ? '  derives from nothing: it is a root\n'
      : table(
          ['DERIVES FROM', 'MODE', 'LINK', 'READS', 'OFFERS', 'STATE'],
          links.map((link) => [
            link.env,
            link.mode,
            link.link,
            position(link),
            link.offer.revision === link.revision ? 'the same' : position(link.offer),
            text(link.state),
          ]),
        );
  return [title, chain, ...outsideLines(outside), ...childLines(children)].map(clean).join('');
}

function outsideLines(outside: EnvironmentLineage['outside']): string[] {
  if (outside.length === 0) return [];
  const rows = outside.map((entry) => [entry.env, position(entry)]);
  return [`\n${table(['NAMED BY ROUTING', 'READS'], rows)}`];
}

function childLines(children: EnvironmentLineage['children']): string[] {
  if (children === null || children.length === 0) return [];
  const rows = children.map(({ env, link, parent, generation, state }) => [
    env,
    link,
    position(parent),
    String(generation),
    state,
  ]);
  return [`\n${table(['CHILD', 'LINK', 'READS', 'GENERATION', 'STATE'], rows)}`];
}

function position({ generation, revision }: Pick<LineageLink, 'generation' | 'revision'>): string {
  return `@${generation} ${shortDigest(revision)}`;
}
