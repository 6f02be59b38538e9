import { countFrom } from '../lib/config.ts';
import { badRequest, readCount } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

const feePercent = countFrom('FEE_PERCENT', 2);

serve('payments', {
  /** The fee for paying an amount. */
  'GET /quote': ({ query }) => {
    const amountCents = readCount(query.get('amountCents'));
    if (amountCents === undefined) {
      return badRequest('amountCents', query.get('amountCents'), 'a whole number up to 999999');
    }
    return { result: { feePercent, feeCents: Math.round((amountCents * feePercent) / 100) } };
  },
});
