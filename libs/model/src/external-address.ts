import type { PortProtocol } from './service-spec.ts';

/** A provider that is no environment: where a Blueprint says that a service is to be found. */
export type ExternalAddress = {
  /** A name or an IP address; IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
  /** What callers here call the port. */
  readonly portName: string;
  readonly protocol: PortProtocol;
  /** Where it is said to be; absent where nothing is said. */
  readonly region?: string;
};

/** `payments.example.com:443`, `[2001:db8::7]:443`: no environment can be called so. */
export function addressText({ host, port }: Pick<ExternalAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether it is a number already, so that no name server is asked. */
export function isIpAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}
