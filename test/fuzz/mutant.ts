import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { wholeBlueprint } from '../../services/intake/src/core/testing/whole-blueprint.ts';
import { mutateText } from './mutate-text.ts';
import { mutateValue } from './mutate-value.ts';
import { type Random, randomOf } from './random.ts';

const examples = {
  'storefront/baseline': 'shop',
  'storefront/overlay-payments': 'feat-payments',
  'storefront/team-checkout': 'team-checkout',
  'hotrod/baseline': 'hotrod',
};
const small =
  'name: shop\nservices:\n  web: { run: { command: [node, x.js] }, ports: [8080], dependsOn: [db] }\n  db: { image: postgres:16, ports: [5432/tcp], stateful: true }\n';
const aliased = `${small}labels: &l { a: "1" }\nplans: { p: { services: { web: { env: *l } } } }\nplan: p\n`;

export type Mutant = { readonly text: string; readonly env: string };

/** Valid Blueprints, which everything is made from. */
export const originals: readonly Mutant[] = [
  { env: 'shop', text: wholeBlueprint },
  { env: 'shop', text: small },
  { env: 'shop', text: aliased },
  ...Object.entries(examples).map(([name, env]) => ({
    env,
    text: readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8'),
  })),
];
const values = originals.map(({ text }): unknown => parse(text));

/** The mutated Blueprint of that number: the same for the same seed, whoever asks. */
export function mutant(seed: number, index: number): Mutant {
  const random = randomOf(seed * 0x1_0000_0000 + index);
  const original = random.pick(originals);
  const { env } = original;
  const kind = random.below(10);
  const text = kind < 3 ? original.text : write(mutateValue(values[originals.indexOf(original)], random), random);
  return { env, text: kind >= 3 && kind < 8 ? text : mutateText(text, random, random.pick(originals).text) };
}

function write(value: unknown, random: Random): string {
  switch (random.below(4)) {
    case 0:
      return JSON.stringify(value);
    case 1:
      return JSON.stringify(value, null, 2);
    case 2:
      return stringify(value, {
        collectionStyle: 'flow',
        defaultStringType: 'QUOTE_DOUBLE',
        aliasDuplicateObjects: false,
      });
    default:
      return stringify(value, { aliasDuplicateObjects: random.chance(0.5) });
  }
}
