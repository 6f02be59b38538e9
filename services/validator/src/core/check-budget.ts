import type { Finding } from '@microstax/model/finding';
import type { Placement, Plan } from '@microstax/model/plan';
import type { Revision } from '@microstax/model/revision';
import { dollars } from './dollars.ts';

const namedMax = 3; // whoever has to save looks at the dearest first

/** Protocol 15: a cost over the budget blocks. The planner has fallen back to its cheapest candidate by then, so nothing cheaper was missed. */
export function checkBudget({ budget }: Revision, { cost, placements, env }: Plan): Finding[] {
  if (budget === undefined || cost.microsPerHour <= budget.microsPerHour) return [];
  const over = cost.microsPerHour - budget.microsPerHour;
  return [
    {
      severity: 'error',
      code: 'over-budget',
      subject: env,
      reason: `${env} costs ${dollars(cost.microsPerHour)} an hour, which is ${dollars(over)} over its budget of ${dollars(budget.microsPerHour)}`,
      next: whatFits(cost.microsPerHour, placements),
      evidence: {
        costMicrosPerHour: cost.microsPerHour,
        budgetMicrosPerHour: budget.microsPerHour,
        overMicrosPerHour: over,
      },
    },
  ];
}

function whatFits(micros: number, placements: readonly Placement[]): string {
  const dearest = placements
    .filter(({ costMicrosPerHour }) => costMicrosPerHour > 0)
    .toSorted((a, b) => b.costMicrosPerHour - a.costMicrosPerHour)
    .slice(0, namedMax)
    .map(({ service, costMicrosPerHour }) => `${service} (${dollars(costMicrosPerHour)})`);
  const raise = `raise budget to at least ${dollars(micros)} an hour`;
  return dearest.length === 0 ? raise : `${raise}, or let less run here; the dearest are ${dearest.join(', ')}`;
}
