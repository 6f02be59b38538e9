import { isIpAddress } from '../external-address.ts';
import type { RouteAnswers } from './route-answers.ts';

const zone = 'svc.cluster.local';

/** Lines of a server block of CoreDNS: the name in the environment leads to the target's. Names have no contexts. */
export function corednsLines({ env, service, own }: RouteAnswers): readonly string[] {
  const name = `${service}.${env}.${zone}`;
  if (own.kind === 'denied') return [`template IN ANY ${name} {`, '  rcode NXDOMAIN', '}'];
  if (own.external !== undefined) {
    const { host } = own.external;
    if (!isIpAddress(host)) return [`rewrite stop name exact ${name} ${host} answer auto`];
    const type = host.includes(':') ? 'AAAA' : 'A';
    const address = [`template IN ${type} ${name} {`, `  answer "{{ .Name }} 60 IN ${type} ${host}"`, '}'];
    // Without it, who asks for an address of the other family is told that the server failed, and may give up.
    return [...address, `template IN ANY ${name} {`, '  rcode NOERROR', '}'];
  }
  if (own.env === env && own.service === service) return [`# ${name} runs here`];
  return [`rewrite stop name exact ${name} ${own.service}.${own.env}.${zone} answer auto`];
}
