import { countFrom } from '../lib/config.ts';
import { badRequest } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

const standardCents = countFrom('STANDARD_CENTS', 490);
const centsBySpeed = new Map([
  ['standard', standardCents],
  ['express', 2 * standardCents],
]);

serve('shipping', {
  /** What sending a parcel costs at a speed. */
  'GET /quote': ({ query }) => {
    const speed = query.get('speed') ?? 'standard';
    const cents = centsBySpeed.get(speed);
    if (cents === undefined) return badRequest('speed', speed, [...centsBySpeed.keys()].join(' or '));
    return { result: { speed, cents } };
  },
});
