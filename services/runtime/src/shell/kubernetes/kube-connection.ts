import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { ConfigError } from '@microstax/service/env';

/** How one call reaches the API server and proves who asks. */
export type Credentials = {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
};

export type KubeConnection = {
  readonly server: string;
  /** Where it was found, in words. */
  readonly source: string;
  /** Asked for with every call: tokens are renewed. */
  credentials(): Promise<Credentials>;
};

const inClusterToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * The cluster of a kubeconfig (the given one, or the user's), or the one that this process runs in. Throws a sentence
 * where there is none: an empty kubeconfig would mean localhost:8080.
 */
export async function connectionOf(kubeconfig: string | undefined): Promise<KubeConnection> {
  // Loaded where it is used: it takes a second, and local processes need none of it.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const own = join(homedir(), '.kube', 'config');
  const [file] = (kubeconfig ?? '').split(':').filter((path) => path !== '');
  let source: string;
  if (file !== undefined) {
    load(config, file);
    source = file;
  } else if (existsSync(inClusterToken)) {
    config.loadFromCluster();
    source = 'the service account of this pod';
  } else if (existsSync(own)) {
    load(config, own);
    source = own;
  } else {
    throw new ConfigError('Cannot find a Kubernetes cluster: there is no kubeconfig; next: set KUBECONFIG to one');
  }
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new ConfigError(`Cannot use ${source}: it has no current context; next: kubectl config use-context <name>`);
  return {
    server: cluster.server.replace(/\/+$/, ''),
    source: `${source}, context "${config.getCurrentContext()}"`,
    async credentials() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
      const headers = { ...(options.headers as Record<string, string> | undefined) };
      if (auth) headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
      const tls = { ca, cert, key, servername, rejectUnauthorized };
      return { headers, tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) };
    },
  };
}

function load(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read the kubeconfig "${file}": ${why}; next: set KUBECONFIG to one that is there`);
  }
}
