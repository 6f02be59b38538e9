import type { Wanted } from '@microstax/model/derivation';
import type { Facts, PriceTable } from '@microstax/model/facts';
import type { Cost, CostTerm } from '@microstax/model/plan';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { type ComposedView, edgesFrom, serviceAt } from './composed-view.ts';
import type { Placed } from './place-services.ts';

/** What one unit of a price is, in the unit of the quantity: a core in millicores, a GiB in bytes. */
export const unitOf: Readonly<Record<CostTerm['term'], number>> = {
  cpu: 1_000,
  memory: 1024 ** 3,
  storage: 1024 ** 3,
  instance: 1,
  bridge: 1,
};

/**
 * Complete enough to recompute every figure from the terms. Plain ASCII, as it stands in every plan: one letter that is not
 * makes each of its many texts take twice the memory and several times as long.
 */
export const costFormula = [
  'microsPerHour of a term = quantity * priceMicros / unit, rounded half up once',
  `unit = ${unitOf.cpu} millicores for cpu, ${unitOf.memory} bytes for memory and storage, 1 for instance and bridge`,
  'microsPerHour = sum of terms, fullCopyMicrosPerHour = sum of fullCopyTerms',
  'savedMicrosPerHour = fullCopyMicrosPerHour - microsPerHour, over expectedHours * expectedHours',
  '1,000,000 micros = 1 dollar',
].join('; ');

/** The price of what runs here beside that of a full copy, in integer micro-dollars an hour. */
export function costOf(view: ComposedView, placed: readonly Placed[], facts: Facts): Cost {
  const { prices, expectedHours } = facts;
  const terms = [...localTerms(view, placed, prices), ...bridgeTerms(view, placed, prices)];
  const fullCopyTerms = view.services.flatMap(({ removed, spec }) =>
    removed ? [] : serviceTerms(spec, prices, 'running'),
  );
  const microsPerHour = totalOf(terms);
  const fullCopyMicrosPerHour = totalOf(fullCopyTerms);
  return {
    microsPerHour,
    fullCopyMicrosPerHour,
    savedMicrosPerHour: fullCopyMicrosPerHour - microsPerHour,
    expectedHours,
    formula: costFormula,
    terms,
    fullCopyTerms,
  };
}

export function totalOf(terms: readonly CostTerm[]): number {
  return terms.reduce((sum, { microsPerHour }) => sum + microsPerHour, 0);
}

function localTerms(view: ComposedView, placed: readonly Placed[], prices: PriceTable): CostTerm[] {
  return placed.flatMap(({ kind }, index) =>
    kind === 'local' ? serviceTerms(serviceAt(view, index).spec, prices, view.wanted) : [],
  );
}

/** Asleep, an environment keeps its storage and nothing else. */
function serviceTerms({ name, resources, replicas = 1 }: ServiceSpec, prices: PriceTable, wanted: Wanted): CostTerm[] {
  const storage = term(name, 'storage', replicas * resources.storageBytes, prices.storageGiBHourMicros);
  const running = [
    term(name, 'cpu', replicas * resources.cpuMillicores, prices.cpuCoreHourMicros),
    term(name, 'memory', replicas * resources.memoryBytes, prices.memoryGiBHourMicros),
    storage,
    term(name, 'instance', replicas, prices.instanceHourMicros),
  ];
  return (wanted === 'running' ? running : [storage]).filter(({ quantity }) => quantity > 0);
}

/** By service: what it costs an hour while it runs, the sum of its terms. */
export function serviceMicros({ services }: ComposedView, prices: PriceTable): Float64Array {
  return Float64Array.from(services, ({ removed, spec: { resources, replicas = 1 } }) => {
    if (removed) return 0;
    return (
      priceOf(replicas * resources.cpuMillicores, prices.cpuCoreHourMicros, unitOf.cpu) +
      priceOf(replicas * resources.memoryBytes, prices.memoryGiBHourMicros, unitOf.memory) +
      priceOf(replicas * resources.storageBytes, prices.storageGiBHourMicros, unitOf.storage) +
      priceOf(replicas, prices.instanceHourMicros, unitOf.instance)
    );
  });
}

/** One bridge for each remote service that a local one depends on. */
function bridgeTerms(view: ComposedView, placed: readonly Placed[], prices: PriceTable): CostTerm[] {
  if (view.wanted !== 'running') return [];
  const bridged = new Set<number>();
  placed.forEach(({ kind }, index) => {
    if (kind === 'local') for (const { to } of edgesFrom(view, index)) bridged.add(to);
  });
  return placed.flatMap(({ service, provider, external }, index) =>
    (provider ?? external) !== undefined && bridged.has(index)
      ? [term(service, 'bridge', 1, prices.bridgeHourMicros)]
      : [],
  );
}

function term(service: string, name: CostTerm['term'], quantity: number, priceMicros: number): CostTerm {
  return { service, term: name, quantity, priceMicros, microsPerHour: priceOf(quantity, priceMicros, unitOf[name]) };
}

/** Exact: a quantity in bytes times a price may pass the integers that a number holds. */
export function priceOf(quantity: number, priceMicros: number, unit: number): number {
  const twice = 2 * quantity * priceMicros + unit;
  if (twice <= Number.MAX_SAFE_INTEGER) return (twice - (twice % (2 * unit))) / (2 * unit);
  return Number((2n * BigInt(quantity) * BigInt(priceMicros) + BigInt(unit)) / (2n * BigInt(unit)));
}
