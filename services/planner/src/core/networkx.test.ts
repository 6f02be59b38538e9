import { spawnSync } from 'node:child_process';
import { seededRandom } from '@microstax/testkit/random';
import { expect, test } from 'vitest';
import { draftPlan } from './plan.ts';
import { largePlacement, wholeNetwork } from './testing/whole-network.ts';

// The second oracle: the whole problem as one network, unpruned, solved by somebody else's code.
const graphs = process.env.MSX_ORACLE === 'long' ? 1_000 : 20;
const services = 200;

/** One network a line on stdin: [[tail, head, capacity or null]…]; the values of their minimum cuts on stdout. */
const program = `
import json, sys
import networkx as nx
for line in sys.stdin:
    g = nx.DiGraph()
    g.add_nodes_from([0, 1])
    for tail, head, capacity in json.loads(line):
        if capacity is None:
            g.add_edge(tail, head)
            if 'capacity' in g[tail][head]: del g[tail][head]['capacity']
        elif not g.has_edge(tail, head):
            g.add_edge(tail, head, capacity=capacity)
        elif 'capacity' in g[tail][head]:
            g[tail][head]['capacity'] += capacity
    print(nx.minimum_cut_value(g, 0, 1, flow_func=nx.algorithms.flow.boykov_kolmogorov))
`;

function hasNetworkx(): boolean {
  return spawnSync('python3', ['-c', 'import networkx']).status === 0;
}

const there = hasNetworkx();
if (!there)
  process.stderr.write('\nSKIPPED: networkx is not there (pip install networkx), so no cut is compared with it\n\n');

test.runIf(there)(
  `draftPlan() costs what networkx says of ${graphs} graphs of ${services} services`,
  () => {
    const random = seededRandom(200);
    const ours: number[] = [];
    const lines: string[] = [];
    let priced = 0;
    for (let graph = 0; graph < graphs; graph += 1) {
      const input = largePlacement(services, random);
      const decision = draftPlan(input);
      if (decision.kind === 'refused') throw new Error(decision.findings[0]?.reason);
      const { candidates, placements } = decision.plan;
      ours.push(candidates.find(({ name }) => name === 'balanced')?.objectiveMicros ?? -1);
      if (placements.some(({ reasons }) => reasons[0]?.code === 'cheaper-here')) priced += 1;
      lines.push(JSON.stringify(wholeNetwork(input)));
    }
    const { stdout, stderr, status } = spawnSync('python3', ['-c', program], { input: lines.join('\n') });
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
    expect(String(stdout).trim().split('\n').map(Number)).toEqual(ours);
    expect(priced).toBeGreaterThan(graphs / 2);
  },
  3_600_000, // the long form, on a machine that others use too
);
