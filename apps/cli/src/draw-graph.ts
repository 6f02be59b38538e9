import type { EnvironmentGraph, GraphService } from '@microstax/contracts/graph-views';
import type { DependencySpec } from '@microstax/model/service-spec';

/** A graph as Mermaid text: a box for each owner, what differs from the parent marked in words, optional edges dotted. */
export function mermaidOf(graph: EnvironmentGraph): string {
  const drawing = drawingOf(graph);
  const lines = ['flowchart LR'];
  for (const [owner, services] of drawing.layers) {
    lines.push(`  subgraph ${drawing.idOf(`layer ${owner}`)}["${owner}"]`);
    for (const service of services) lines.push(`    ${drawing.idOf(service.name)}["${labelOf(service, '<br/>')}"]`);
    lines.push('  end');
  }
  for (const name of drawing.elsewhere) lines.push(`  ${drawing.idOf(name)}(["${name}"])`);
  for (const { from, to } of drawing.edges)
    lines.push(`  ${drawing.idOf(from)} ${to.required ? '-->' : '-.->'}|${edgeLabel(to)}| ${drawing.idOf(to.service)}`);
  return `${lines.join('\n')}\n`;
}

/** The same for Graphviz. */
export function dotOf(graph: EnvironmentGraph): string {
  const drawing = drawingOf(graph);
  const lines = [`digraph "${graph.env}@${graph.generation}" {`, '  rankdir=LR;', '  node [shape=box];'];
  for (const [owner, services] of drawing.layers) {
    lines.push(`  subgraph "cluster_${owner}" {`, `    label="${owner}";`);
    for (const service of services) lines.push(`    "${service.name}" [label="${labelOf(service, '\\n')}"];`);
    lines.push('  }');
  }
  for (const name of drawing.elsewhere) lines.push(`  "${name}" [shape=ellipse];`);
  for (const { from, to } of drawing.edges)
    lines.push(`  "${from}" -> "${to.service}" [label="${edgeLabel(to)}"${to.required ? '' : ', style=dotted'}];`);
  return `${[...lines, '}'].join('\n')}\n`;
}

type Edge = { readonly from: string; readonly to: DependencySpec };

function drawingOf({ env, ancestors, services }: EnvironmentGraph) {
  const order = [env, ...ancestors];
  const layers = [...Map.groupBy(services, ({ owner }) => owner)].sort(
    ([one], [other]) => order.indexOf(one) - order.indexOf(other),
  );
  const edges = services.flatMap(({ name, dependsOn }): Edge[] => dependsOn.map((to) => ({ from: name, to })));
  const known = new Set(services.map(({ name }) => name));
  const elsewhere = [...new Set(edges.map(({ to }) => to.service))].filter((name) => !known.has(name));
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = ids.get(name) ?? `n${ids.size}`; // a name such as "end" is a word of Mermaid's
    ids.set(name, id);
    return id;
  };
  return { layers, edges, elsewhere, idOf };
}

function labelOf({ name, state, placement, provider }: GraphService, lineBreak: string): string {
  const placed = placement === null ? [] : [provider === null ? placement : `${placement} from ${provider}`];
  const words = [...(state === 'unchanged' ? [] : [state]), ...placed].join(', ');
  return words === '' ? name : `${name}${lineBreak}${words}`;
}

function edgeLabel({ kind, protocol, port }: DependencySpec): string {
  return `${kind} ${port === undefined || port === protocol ? protocol : `${protocol} ${port}`}`;
}
