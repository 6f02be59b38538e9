import type { PortSpec } from '@microstax/model/service-spec';

export type KubeServicePort = {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly appProtocol?: string;
};

/** A Service's ports: the declared numbers, so that nothing is mapped on any way to a pod. */
export function servicePorts(ports: readonly PortSpec[]): readonly KubeServicePort[] {
  return ports.map(({ name, containerPort, protocol }) => ({
    name,
    port: containerPort,
    targetPort: containerPort,
    protocol: protocol === 'udp' ? 'UDP' : 'TCP',
    ...(protocol === 'http' ? { appProtocol: 'http' } : {}),
    ...(protocol === 'grpc' ? { appProtocol: 'kubernetes.io/h2c' } : {}),
  }));
}
