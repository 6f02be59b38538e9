import type { RouteTable } from '@microstax/model/route-table';
import { silentLog } from '@microstax/service/log';
import { Listeners } from '../../../apps/router/src/shell/listeners.ts';
import { createRouting } from '../../../apps/router/src/shell/routing.ts';
import { sayPorts } from './ports.ts';

/** The router as it runs, with tables that no bus brought: a baseline, and an overlay that changes the one service. */
const [base = 0, changed = 0, grpcBase = 0, grpcChanged = 0] = process.argv.slice(2).map(Number);
const routing = createRouting({ log: silentLog });
routing.tables.put(tableOf('shop', null, base, grpcBase), 1);
routing.tables.put(tableOf('team', 'shop', changed, grpcChanged), 2);
const wanted = (['http', 'grpc'] as const).map((name) => ({
  service: 'web',
  port: name,
  protocol: name,
  preferredPort: null,
}));
const [http, grpc] = await new Listeners(routing).scope({ env: 'shop', wanted, keep: [] });
sayPorts({ http: http?.listenPort, grpc: grpc?.listenPort });

function tableOf(env: string, parent: string | null, httpPort: number, grpcPort: number): RouteTable {
  const ports = [
    { name: 'http', protocol: 'http' },
    { name: 'grpc', protocol: 'grpc' },
  ] as const;
  const at = (port: string, targetPort: number) => ({
    ...{ service: 'web', port, host: '127.0.0.1', targetPort },
    instance: 'web-0',
  });
  return {
    ...{ org: 'default', env, epoch: 1, generation: 1, listeners: [] },
    context: { value: env, headerName: 'x-msx-env', unknown: 'baseline', root: 'shop', parent },
    records: [{ service: 'web', tier: parent ? 'local overlay' : 'baseline', target: { env, service: 'web' }, ports }],
    endpoints: [at('http', httpPort), at('grpc', grpcPort)],
  };
}
