import { call } from '../lib/call.ts';
import { requiredUrlFrom, textFrom } from '../lib/config.ts';
import { badRequest, isName } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

const cartUrl = requiredUrlFrom('CART_URL');
const paymentsUrl = requiredUrlFrom('PAYMENTS_URL');
const shippingUrl = requiredUrlFrom('SHIPPING_URL');
const speed = textFrom('SHIPPING_SPEED', 'standard');

serve('checkout', {
  /** What a cart costs in the end: its sum, the way to the customer, and the fee for paying both. */
  'GET /quote': async ({ query }) => {
    const id = query.get('cart');
    if (!isName(id)) return badRequest('cart', id, 'a name of a-z, 0-9 and -');
    const [cart, shipping] = await Promise.all([
      call('cart', cartUrl, `/carts/${id}`),
      call('shipping', shippingUrl, `/quote?speed=${encodeURIComponent(speed)}`),
    ]);
    const sumCents = Number(cart.result.sumCents);
    const shippingCents = Number(shipping.result.cents);
    const payments = await call('payments', paymentsUrl, `/quote?amountCents=${sumCents + shippingCents}`);
    const feeCents = Number(payments.result.feeCents);
    return {
      result: { sumCents, shippingCents, feeCents, totalCents: sumCents + shippingCents + feeCents, speed },
      calls: [cart, payments, shipping],
    };
  },
});
