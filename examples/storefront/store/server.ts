import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDirFrom } from '../lib/config.ts';
import { badRequest, isName, readCount } from '../lib/route.ts';
import { serve } from '../lib/serve.ts';

type Item = { readonly sku: string; readonly quantity: number; readonly unitCents: number };

const dataDir = dataDirFrom();
const file = join(dataDir, 'carts.json');
const carts = load();

serve('store', {
  /** The items of a cart; a cart that nobody filled is empty. */
  'GET /carts/:id': ({ params: { id } }) => {
    if (!isName(id)) return badRequest('cart', id, 'a name of a-z, 0-9 and -');
    return { result: { items: carts.get(id) ?? [] } };
  },

  /** Sets the quantity of one item, 0 takes it out; answers once the carts are in the file. */
  'PUT /carts/:id/items/:sku': ({ params: { id, sku }, query }) => {
    const quantity = readCount(query.get('quantity'));
    const unitCents = readCount(query.get('unitCents'));
    if (!isName(id)) return badRequest('cart', id, 'a name of a-z, 0-9 and -');
    if (!isName(sku)) return badRequest('sku', sku, 'a name of a-z, 0-9 and -');
    if (quantity === undefined) return badRequest('quantity', query.get('quantity'), 'a whole number up to 999999');
    if (unitCents === undefined) return badRequest('unitCents', query.get('unitCents'), 'a whole number up to 999999');
    const others = (carts.get(id) ?? []).filter((item) => item.sku !== sku);
    carts.set(id, quantity === 0 ? others : [...others, { sku, quantity, unitCents }]);
    save();
    return { result: { items: carts.get(id) ?? [] } };
  },
});

function load(): Map<string, readonly Item[]> {
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(file)) return new Map([['demo', [{ sku: 'tea', quantity: 2, unitCents: 450 }]]]);
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly Item[]>));
}

/** By rename, so that a killed process leaves the old carts or the new ones, never half a file. */
function save(): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(Object.fromEntries(carts)));
  renameSync(next, file);
}
