import type { Derivation } from '@microstax/model/derivation';
import type { Difference } from '@microstax/model/difference';
import type { Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';

/** Protocol 15: a sibling's change to the same service warns. An ancestor's is what this environment builds on. */
export function checkSiblings({ env, lineage }: Derivation, { services }: Difference, { siblings }: Facts): Finding[] {
  const ancestors = lineage.map((ancestor) => ancestor.env);
  const root = ancestors.at(-1);
  if (root === undefined) return [];
  const others = siblings.filter((sibling) => sibling.env !== env && !ancestors.includes(sibling.env));
  const changers = new Map<string, string[]>();
  for (const sibling of others)
    for (const service of sibling.changed) {
      const names = changers.get(service);
      if (names === undefined) changers.set(service, [sibling.env]);
      else names.push(sibling.env);
    }
  return services.flatMap(({ service, state, declared }): Finding[] => {
    const names = changers.get(service);
    if (names === undefined || !declared || state === 'unchanged' || state === 'impacted') return [];
    return [
      {
        severity: 'warning',
        code: 'sibling-change',
        subject: service,
        reason: `${service} is declared differently by ${env} and by ${named(names)}: whoever is merged into ${root} second has a conflict to resolve`,
        next: `compare with: msx explain ${names[0]} ${service}`,
        evidence: { siblings: names.length, first: names[0] ?? '' },
      },
    ];
  });
}

const namedMax = 5; // of a popular service the others are counted

function named(names: readonly string[]): string {
  const shown = names.length > namedMax ? [...names.slice(0, namedMax), `${names.length - namedMax} more`] : names;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
