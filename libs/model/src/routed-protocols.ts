import type { PortProtocol } from './service-spec.ts';

/** What the router tells apart, request by request: both versions of HTTP, and so gRPC (decision 27). */
export const routedProtocols: readonly PortProtocol[] = ['grpc', 'http'];
