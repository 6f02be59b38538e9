import type { Plan } from '@microstax/model/plan';
import { expect, test } from 'vitest';
import { planMermaid } from './draw-plan.ts';

test('planMermaid() draws a box for each place and the ways of the context, and words are no identifiers', () => {
  const placements = [
    { service: 'end', kind: 'inherited', carriesContext: true, provider: { env: 'shop' } },
    { service: 'gone', kind: 'denied', carriesContext: false },
    { service: 'pay', kind: 'local', carriesContext: true },
  ];
  const contextEdges = [
    { from: 'end', to: 'pay', carrier: 'baggage', required: true },
    { from: 'pay', to: 'gone', carrier: 'none', required: false },
  ];
  expect(planMermaid({ env: 'feat', placements, contextEdges } as unknown as Plan)).toBe(`flowchart LR
  subgraph box0["feat"]
    n2["pay<br/>local, carries the context"]
  end
  subgraph box1["shop"]
    n0["end<br/>inherited, carries the context"]
  end
  subgraph box2["denied"]
    n1["gone<br/>denied"]
  end
  n0 -->|baggage| n2
  n2 -.->|no context| n1
`);
});
