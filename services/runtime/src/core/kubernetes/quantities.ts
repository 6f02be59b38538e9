import type { ResourcesSpec } from '@microstax/model/service-spec';

/** What a container asks for and may not pass, in Kubernetes' words; what is 0 is left to the namespace's defaults. */
export function containerResources(
  { cpuMillicores, memoryBytes, storageBytes, limits }: ResourcesSpec,
  stateful: boolean,
) {
  const requests = {
    ...(cpuMillicores > 0 ? { cpu: cpu(cpuMillicores) } : {}),
    ...(memoryBytes > 0 ? { memory: bytes(memoryBytes) } : {}),
    // A stateful service's storage is its volume.
    ...(storageBytes > 0 && !stateful ? { 'ephemeral-storage': bytes(storageBytes) } : {}),
  };
  const most = {
    ...(limits?.cpuMillicores === undefined ? {} : { cpu: cpu(limits.cpuMillicores) }),
    ...(limits?.memoryBytes === undefined ? {} : { memory: bytes(limits.memoryBytes) }),
  };
  return {
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
    ...(Object.keys(most).length > 0 ? { limits: most } : {}),
  };
}

/** Written as the API server writes it back, so that what is applied reads as what is there. */
export function cpu(millicores: number): string {
  return millicores % 1_000 === 0 ? String(millicores / 1_000) : `${millicores}m`;
}

const units = ['Gi', 'Mi', 'Ki'] as const;

export function bytes(count: number): string {
  const at = units.findIndex((_, index) => count > 0 && count % 1_024 ** (3 - index) === 0);
  return at < 0 ? String(count) : `${count / 1_024 ** (3 - at)}${units[at]}`;
}
