import type { ResourcesSpec } from '@microstax/model/service-spec';
import type { WrittenService } from './blueprint-schema.ts';
import type { Path } from './located.ts';
import type { Problem } from './problem.ts';
import { cpuMillicores, quantityBytes } from './quantities.ts';
import { quote } from './quote.ts';

const defaultCpuMillicores = 100;
const defaultMemoryBytes = 128 * 1024 ** 2;
const defaultStatefulStorageBytes = 1024 ** 3;

type WrittenResources = WrittenService['resources'];
type Field = 'cpu' | 'memory' | 'storage';

/** Requests and limits in base units, and what is wrong with them. */
export function normaliseResources(
  { resources, stateful }: Pick<WrittenService, 'resources' | 'stateful'>,
  path: Path,
): { readonly value: ResourcesSpec; readonly problems: readonly Problem[] } {
  const limits = limitsOf(resources);
  const { cpuMillicores = Infinity, memoryBytes = Infinity } = limits ?? {};
  const value: ResourcesSpec = {
    cpuMillicores: read('cpu', resources.cpu) ?? Math.min(defaultCpuMillicores, cpuMillicores),
    memoryBytes: read('memory', resources.memory) ?? Math.min(defaultMemoryBytes, memoryBytes),
    storageBytes: read('storage', resources.storage) ?? (stateful ? defaultStatefulStorageBytes : 0),
    ...(limits === undefined ? {} : { limits }),
  };
  const at = [...path, 'resources'];
  return { value, problems: [...badQuantities(resources, at), ...checkLimits(value, at)] };
}

/** Every quantity that is none. */
export function badQuantities(resources: WrittenResources, path: Path): Problem[] {
  const { cpu, memory, storage, limits = {} } = resources;
  const written: readonly (readonly [Path, Field, string | number | undefined])[] = [
    [['cpu'], 'cpu', cpu],
    [['memory'], 'memory', memory],
    [['storage'], 'storage', storage],
    [['limits', 'cpu'], 'cpu', limits.cpu],
    [['limits', 'memory'], 'memory', limits.memory],
  ];
  return written.flatMap(([steps, field, text]) => {
    if (text === undefined || read(field, text) !== undefined) return [];
    const allowed = field === 'cpu' ? 'such as 250m, 0.25 or 1, at least 1m' : 'such as 128Mi, 1Gi, 512M or bytes';
    const reason = `found ${quote(String(text))}, expected a quantity ${allowed}`;
    return [{ code: 'bad-quantity', path: [...path, ...steps], reason }];
  });
}

function read(field: Field, text: string | number | undefined): number | undefined {
  if (text === undefined) return undefined;
  const quantity = field === 'cpu' ? cpuMillicores(text) : quantityBytes(text);
  return quantity === 0 && field !== 'storage' ? undefined : quantity;
}

function limitsOf({ limits }: WrittenResources): ResourcesSpec['limits'] {
  const cpu = read('cpu', limits?.cpu);
  const memory = read('memory', limits?.memory);
  if (cpu === undefined && memory === undefined) return undefined;
  return {
    ...(cpu === undefined ? {} : { cpuMillicores: cpu }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
  };
}

/** A request over its own limit can never be given. */
function checkLimits({ cpuMillicores: cpu, memoryBytes: memory, limits }: ResourcesSpec, path: Path): Problem[] {
  const over = (field: 'cpu' | 'memory', requested: number, limit: number | undefined): Problem[] =>
    limit === undefined || requested <= limit
      ? []
      : [
          {
            code: 'request-over-limit',
            path: [...path, 'limits', field],
            reason: `the limit of ${field} is below what is requested`,
            next: `raise the limit to the request, or lower resources.${field}`,
          },
        ];
  return [...over('cpu', cpu, limits?.cpuMillicores), ...over('memory', memory, limits?.memoryBytes)];
}
