import type { Answer } from '../lib/answer.ts';
import { call, UpstreamFailure } from '../lib/call.ts';
import { urlFrom } from '../lib/config.ts';
import { serve } from '../lib/serve.ts';

const pricingUrl = urlFrom('PRICING_URL');

const products = [
  { sku: 'mug', name: 'Mug', listCents: 1200 },
  { sku: 'tea', name: 'Green tea', listCents: 500 },
  { sku: 'pot', name: 'Tea pot', listCents: 3900 },
];

serve('catalog', {
  /** All products, at today's prices where pricing answers and at list prices where it does not. */
  'GET /products': async () => {
    const pricing = await askPricing();
    const prices = new Map(Object.entries(pricing?.result.cents ?? {}));
    return {
      result: {
        prices: pricing === undefined ? 'list' : 'today',
        products: products.map(({ sku, name, listCents }) => ({ sku, name, cents: prices.get(sku) ?? listCents })),
      },
      calls: pricing === undefined ? [] : [pricing],
    };
  },
});

/** Pricing is an optional dependency: without it the shop sells at list prices. */
async function askPricing(): Promise<Answer | undefined> {
  if (pricingUrl === undefined) return undefined;
  try {
    return await call('pricing', pricingUrl, '/prices');
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    console.error(`Using list prices: ${error.message}`);
    return undefined;
  }
}
