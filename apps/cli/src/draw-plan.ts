import type { Placement, Plan } from '@microstax/model/plan';
import { providedBy } from '@microstax/model/provided-by';

/**
 * A plan as Mermaid text: what runs here in one box, what answers from elsewhere in a box for each environment, and the
 * ways that matter: those that must carry the context, with their carrier, and those that cannot.
 */
export function planMermaid(plan: Plan): string {
  const ids = new Map(plan.placements.map(({ service }, at) => [service, `n${at}`]));
  const idOf = (service: string): string => ids.get(service) ?? 'unknown'; // "end" is a word of Mermaid's
  const lines = ['flowchart LR'];
  const boxes = [...Map.groupBy(plan.placements, placeOf)].sort(
    ([one], [other]) => rank(plan, one) - rank(plan, other),
  );
  for (const [index, [place, placements]] of boxes.entries()) {
    lines.push(`  subgraph box${index}["${place === '' ? 'denied' : place}"]`);
    for (const { service, kind, carriesContext } of placements)
      lines.push(`    ${idOf(service)}["${service}<br/>${kind}${carriesContext ? ', carries the context' : ''}"]`);
    lines.push('  end');
  }
  for (const { from, to, carrier, required } of plan.contextEdges)
    lines.push(`  ${idOf(from)} ${required ? '-->' : '-.->'}|${required ? carrier : 'no context'}| ${idOf(to)}`);
  return `${lines.join('\n')}\n`;

  function placeOf(placement: Placement): string {
    return placement.kind === 'local' ? plan.env : (providedBy(placement) ?? '');
  }
}

/** The environment itself first, what is denied last. */
function rank({ env }: Plan, place: string): number {
  if (place === env) return 0;
  return place === '' ? 2 : 1;
}
