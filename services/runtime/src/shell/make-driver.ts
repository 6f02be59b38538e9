import type { Clock } from '@microstax/service/clock';
import type { Log } from '@microstax/service/log';
import type { RuntimeConfig } from '../config.ts';
import type { Driver } from './driver/driver.ts';
import { ProcessDriver } from './driver/process-driver.ts';

/** The driver that the configuration names. Rejects with a sentence where its world cannot be had. */
export async function makeDriver(
  { driver, dataDir, workDir, seedsDir, host, limits }: RuntimeConfig,
  { clock, log, owned }: { readonly clock: Clock; readonly log: Log; readonly owned: AsyncDisposableStack },
): Promise<Driver> {
  if (driver.kind === 'process')
    return new ProcessDriver({ dataDir, workDir, seedsDir, host, clock, stopGraceMs: limits.stopGraceMs });
  // Loaded where it is used: a runtime of local processes needs none of it.
  const { KubeClient } = await import('./kubernetes/kube-client.ts');
  const { connectionOf } = await import('./kubernetes/kube-connection.ts');
  const { KubernetesDriver } = await import('./kubernetes/kubernetes-driver.ts');
  const connection = await connectionOf(driver.kubeconfig);
  log.info({ server: connection.server, source: connection.source }, 'environments run in a Kubernetes cluster');
  const { gatewayNamespace, routerCidrs, callTimeoutMs } = driver;
  const client = owned.use(new KubeClient(connection, { callTimeoutMs, clock }));
  return new KubernetesDriver({ client, clock, gatewayNamespace, routerCidrs });
}
