import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KubeClient } from '../../services/runtime/src/shell/kubernetes/kube-client.ts';
import { connectionOf } from '../../services/runtime/src/shell/kubernetes/kube-connection.ts';
import { environment, kubeboxDir, kubeconfig } from './config.ts';

const run = promisify(execFile);

/** A real Kubernetes API. */
export type Cluster = AsyncDisposable & {
  readonly kubeconfig: string;
  readonly client: KubeClient;
  /** Kills a part and starts it again after so many seconds; undefined where the cluster is not ours to hurt. */
  readonly restart: ((part: 'apiserver' | 'controllers', seconds: number) => Promise<void>) | undefined;
  /** Whether its nodes do what a pod's `kubebox/…` annotations say. */
  readonly fakeNodes: boolean;
};

/**
 * The cluster of KUBECONFIG, else a kubebox of this file's own, else undefined: then whoever asked skips, and it is said on
 * stderr why. A kubebox that was not built before is not built here.
 */
export async function findCluster(): Promise<Cluster | undefined> {
  if (kubeconfig !== undefined) return furnish(kubeconfig, undefined);
  const box = kubeboxDir ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'kubebox');
  if (!existsSync(join(box, 'up'))) return skipped('KUBECONFIG is not set, and there is no kubebox beside the project');
  const env = { ...environment, KUBEBOX_NAME: `msx-test-${process.pid}`, KUBEBOX_NO_BUILD: '1', NODES: '1' };
  try {
    const { stdout } = await run(join(box, 'up'), { env });
    const [, path] = /KUBECONFIG=(\S+)/.exec(stdout) ?? [];
    if (path === undefined) return skipped(`kubebox said "${stdout.trim()}"`);
    return furnish(path, (command, ...words) => run(join(box, command), words, { env }));
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 3) return skipped('the kubebox has not been built');
    throw new Error(`Cannot start a kubebox: ${stderr}`, { cause: error });
  }
}

type Box = (command: string, ...words: string[]) => Promise<unknown>;

async function furnish(path: string, box: Box | undefined): Promise<Cluster> {
  const client = new KubeClient(await connectionOf(path));
  return {
    kubeconfig: path,
    client,
    fakeNodes: box !== undefined,
    restart: box && (async (part, seconds) => void (await box('restart', part, String(seconds)))),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await box?.('down');
    },
  };
}

function skipped(reason: string): undefined {
  process.stderr.write(`SKIPPED: tests against a Kubernetes API: ${reason}\n`);
  return undefined;
}
