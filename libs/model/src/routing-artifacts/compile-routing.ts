import { corednsLines } from './coredns.ts';
import { envoyObjects } from './envoy.ts';
import { gatewayConsumerObjects, gatewayObjects } from './gateway.ts';
import { haproxyLines, haproxyPreface } from './haproxy.ts';
import { kubernetesObjects } from './kubernetes.ts';
import { nginxLines, nginxPreface } from './nginx.ts';
import { registryObjects } from './registry.ts';
import { type RouteAnswers, type RouteFamily, routeAnswers } from './route-answers.ts';
import { routerObjects } from './router.ts';
import { type RoutingArtifact, type RoutingFormat, sealRouting } from './routing-artifact.ts';

/**
 * One artifact a service of the listener's environment, in the order of its records. A pure function of resolutions and
 * of the ports in compositions: it holds no address and no generation, so what did not change keeps its bytes.
 */
export function compileRouting(format: RoutingFormat, family: RouteFamily): readonly RoutingArtifact[] {
  return routeAnswers(family).map((answers) => {
    const { env, service } = answers;
    return sealRouting({ format, env, service }, contentOf(format, answers));
  });
}

/** What stands in front of a format's artifacts once, for all services; it depends on the header's name only. */
export function routingPreface(format: RoutingFormat, headerName: string): readonly string[] {
  if (format === 'nginx') return nginxPreface(headerName);
  return format === 'haproxy' ? haproxyPreface(headerName) : [];
}

function contentOf(format: RoutingFormat, answers: RouteAnswers): RoutingArtifact['content'] {
  switch (format) {
    case 'router':
      return { kind: 'objects', objects: routerObjects(answers) };
    case 'kubernetes':
      return { kind: 'objects', objects: kubernetesObjects(answers) };
    case 'gateway':
      return { kind: 'objects', objects: gatewayObjects(answers) };
    case 'gateway-consumer':
      return { kind: 'objects', objects: gatewayConsumerObjects(answers) };
    case 'envoy':
      return { kind: 'objects', objects: envoyObjects(answers) };
    case 'registry':
      return { kind: 'objects', objects: registryObjects(answers) };
    case 'nginx':
      return { kind: 'lines', lines: nginxLines(answers) };
    case 'haproxy':
      return { kind: 'lines', lines: haproxyLines(answers) };
    case 'coredns':
      return { kind: 'lines', lines: corednsLines(answers) };
  }
}
