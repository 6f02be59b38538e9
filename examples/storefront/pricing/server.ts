import { countFrom } from '../lib/config.ts';
import { serve } from '../lib/serve.ts';

const listCents = { mug: 1200, tea: 500, pot: 3900 };
const discountPercent = countFrom('DISCOUNT_PERCENT', 10);
if (discountPercent > 100) throw new Error(`Cannot read DISCOUNT_PERCENT "${discountPercent}": it must be at most 100`);

serve('pricing', {
  /** Today's price of every product, in cents. */
  'GET /prices': () => ({
    result: {
      discountPercent,
      cents: Object.fromEntries(
        Object.entries(listCents).map(([sku, cents]) => [sku, Math.round((cents * (100 - discountPercent)) / 100)]),
      ),
    },
  }),
});
