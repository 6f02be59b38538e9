import { call } from '../lib/call.ts';
import { requiredUrlFrom } from '../lib/config.ts';
import { badRequest, isName } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

const storeUrl = requiredUrlFrom('STORE_URL');

type Item = { readonly sku: string; readonly quantity: number; readonly unitCents: number };

serve('cart', {
  /** A cart with its items and their sum. */
  'GET /carts/:id': async ({ params: { id } }) => {
    if (!isName(id)) return badRequest('cart', id, 'a name of a-z, 0-9 and -');
    const stored = await call('store', storeUrl, `/carts/${id}`);
    return { result: withSum(id, stored.result.items), calls: [stored] };
  },

  /** Puts an item into a cart; quantity 0 takes it out. The store checks what was stated. */
  'PUT /carts/:id/items/:sku': async ({ params: { id, sku }, query }) => {
    if (!isName(id)) return badRequest('cart', id, 'a name of a-z, 0-9 and -');
    if (!isName(sku)) return badRequest('sku', sku, 'a name of a-z, 0-9 and -');
    const stored = await call('store', storeUrl, `/carts/${id}/items/${sku}?${query}`, 'PUT');
    return { result: withSum(id, stored.result.items), calls: [stored] };
  },
});

function withSum(id: string, items: unknown): { id: string; items: unknown; sumCents: number } {
  const list = Array.isArray(items) ? (items as readonly Item[]) : [];
  return { id, items: list, sumCents: list.reduce((sum, item) => sum + item.quantity * item.unitCents, 0) };
}
