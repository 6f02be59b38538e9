import type { EnvironmentGraph, GraphService } from '@microstax/contracts/graph-views';
import { expect, test } from 'vitest';
import { dotOf, mermaidOf } from './draw-graph.ts';

const digest = `sha256:${'0'.repeat(64)}` as const;
const service = (name: string, owner: string, draft: Partial<GraphService> = {}): GraphService => ({
  name,
  identity: `svc-${name}`,
  owner,
  state: 'unchanged',
  specDigest: digest,
  expose: false,
  stateful: false,
  dependsOn: [],
  placement: null,
  provider: null,
  ...draft,
});
const graph: EnvironmentGraph = {
  env: 'feat',
  generation: 2,
  revision: digest,
  mode: 'overlay',
  ancestors: ['shop'],
  removed: [],
  services: [
    service('end', 'feat', { state: 'changed', placement: 'local' }),
    service('web', 'shop', {
      placement: 'inherited',
      provider: 'shop',
      dependsOn: [
        { service: 'end', kind: 'calls', port: 'http', protocol: 'http', propagates: true, required: true },
        { service: 'queue', kind: 'publishes', port: 'amqp', protocol: 'tcp', propagates: false, required: false },
      ],
    }),
  ],
};

test('mermaidOf() draws a box for each owner, nearest first, and words are no identifiers', () => {
  expect(mermaidOf(graph)).toBe(`flowchart LR
  subgraph n0["feat"]
    n1["end<br/>changed, local"]
  end
  subgraph n2["shop"]
    n3["web<br/>inherited from shop"]
  end
  n4(["queue"])
  n3 -->|calls http| n1
  n3 -.->|publishes tcp amqp| n4
`);
});

test('dotOf() draws the same for Graphviz', () => {
  const drawn = dotOf(graph);
  expect(drawn).toContain('digraph "feat@2" {');
  expect(drawn).toContain('    "end" [label="end\\nchanged, local"];');
  expect(drawn).toContain('  "queue" [shape=ellipse];');
  expect(drawn).toContain('  "web" -> "queue" [label="publishes tcp amqp", style=dotted];');
});
