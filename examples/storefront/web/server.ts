import { call } from '../lib/call.ts';
import { requiredUrlFrom } from '../lib/config.ts';
import { badRequest, isName, readCount } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

const catalogUrl = requiredUrlFrom('CATALOG_URL');
const cartUrl = requiredUrlFrom('CART_URL');
const checkoutUrl = requiredUrlFrom('CHECKOUT_URL');

serve('web', {
  /** The shop's page: what is for sale, what is in the cart, what it would cost. */
  'GET /': async ({ query }) => {
    const cartId = query.get('cart') ?? 'demo';
    if (!isName(cartId)) return badRequest('cart', cartId, 'a name of a-z, 0-9 and -');
    const [catalog, cart, checkout] = await Promise.all([
      call('catalog', catalogUrl, '/products'),
      call('cart', cartUrl, `/carts/${cartId}`),
      call('checkout', checkoutUrl, `/quote?cart=${cartId}`),
    ]);
    return {
      result: { products: catalog.result.products, cart: cart.result, quote: checkout.result },
      calls: [catalog, cart, checkout],
    };
  },

  /** Puts `quantity` pieces of a product into a cart, 0 takes it out. */
  'PUT /carts/:cart/items/:sku': async ({ params, query }) => {
    const { cart = '', sku = '' } = params;
    const quantity = readCount(query.get('quantity') ?? '1');
    const unitCents = readCount(query.get('unitCents'));
    if (!isName(cart)) return badRequest('cart', cart, 'a name of a-z, 0-9 and -');
    if (!isName(sku)) return badRequest('sku', sku, 'a name of a-z, 0-9 and -');
    if (quantity === undefined) return badRequest('quantity', query.get('quantity'), 'a whole number up to 999999');
    if (unitCents === undefined) return badRequest('unitCents', query.get('unitCents'), 'a whole number up to 999999');
    const path = `/carts/${cart}/items/${sku}?quantity=${quantity}&unitCents=${unitCents}`;
    const answer = await call('cart', cartUrl, path, 'PUT');
    return { result: answer.result, calls: [answer] };
  },
});
