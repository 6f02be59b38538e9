import type { ProbeCheck, ProbeSpec } from '@microstax/model/probe-spec';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { ownPorts } from './words.ts';

type KubeProbe = Readonly<Record<string, unknown>>;

/**
 * The probes of a container. Where none says when it is ready, a connection to its first port does, as everywhere
 * (protocol 6): one that listens on nothing is ready once it runs.
 */
export function containerProbes(spec: ServiceSpec): Readonly<Record<string, KubeProbe>> {
  const { startup, readiness, liveness } = spec.probes ?? {};
  const first = spec.ports.find(({ protocol }) => protocol !== 'udp');
  const connects = first && { tcpSocket: { port: first.containerPort }, periodSeconds: 1, timeoutSeconds: 1 };
  const ready = readiness === undefined ? connects : probeOf(readiness, spec);
  return {
    ...(startup === undefined ? {} : { startupProbe: probeOf(startup, spec) }),
    ...(ready === undefined ? {} : { readinessProbe: ready }),
    ...(liveness === undefined ? {} : { livenessProbe: probeOf(liveness, spec) }),
  };
}

function probeOf(
  { check, initialDelaySeconds, periodSeconds, timeoutSeconds, failures, successes }: ProbeSpec,
  spec: ServiceSpec,
): KubeProbe {
  return {
    ...actionOf(check, spec),
    ...(initialDelaySeconds > 0 ? { initialDelaySeconds } : {}),
    periodSeconds,
    timeoutSeconds,
    failureThreshold: failures,
    successThreshold: successes,
  };
}

function actionOf(check: ProbeCheck, spec: ServiceSpec): KubeProbe {
  // A port's name has 15 characters at most there, and here up to 40.
  const number = (port: string | number): number | undefined =>
    typeof port === 'number' ? port : ownPorts(spec)[port];
  switch (check.kind) {
    case 'http': {
      const httpHeaders = Object.entries(check.headers).map(([name, value]) => ({ name, value }));
      const { path } = check;
      return { httpGet: { port: number(check.port), path, ...(httpHeaders.length > 0 ? { httpHeaders } : {}) } };
    }
    case 'tcp':
      return { tcpSocket: { port: number(check.port) } };
    case 'exec':
      return { exec: { command: check.command } };
    case 'grpc':
      return { grpc: { port: number(check.port), ...(check.service === undefined ? {} : { service: check.service }) } };
  }
}
