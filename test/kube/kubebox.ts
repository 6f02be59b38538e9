import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Cluster, clusterOf } from './cluster.ts';
import { realNodeTools } from './real-node.ts';

const run = promisify(execFile);

/** A cluster of this test's own: a real API server with what was asked for, gone when it is disposed of. */
export type Kubebox = AsyncDisposable & {
  readonly cluster: Cluster;
  readonly kubeconfig: string;
  readonly realNode: boolean;
  /** Starts the gateway on loopback and says its port; undefined, and said aloud, where it is not to be had. */
  startGateway(port: number): Promise<number | undefined>;
  /** Packs a folder and this Node as `kubebox.local/<image>`, for pods on the real node. */
  addImage(image: string, folder: string, command: readonly string[]): Promise<void>;
};

export type Wanted = { readonly gatewayApi?: boolean; readonly fakeNodes?: number; readonly realNode?: boolean };

/**
 * Starts one from the folder in `MSX_KUBEBOX`, or beside the project. Undefined, and said aloud, where there is none, or
 * none that was built: building takes minutes and is nobody's surprise. A real node is had where root and its programs are;
 * `realNode` says whether it came.
 */
export async function startKubebox(name: string, wanted: Wanted = {}): Promise<Kubebox | undefined> {
  const home = process.env.MSX_KUBEBOX ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'kubebox');
  if (!existsSync(join(home, 'up'))) return skipped(`no kubebox in ${home}`);
  const tools = wanted.realNode === true ? await realNodeTools() : undefined;
  const env = { ...process.env, ...tools, KUBEBOX_NAME: name, KUBEBOX_NO_BUILD: '1' };
  const call = (part: string, args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) =>
    run(join(home, part), args, { env: { ...env, ...more }, timeout: 180_000 });
  const nodes = tools === undefined ? String(wanted.fakeNodes ?? 1) : '0';
  let kubeconfig: string;
  try {
    const { stdout } = await call('up', wanted.gatewayApi === true ? ['--gateway-api'] : [], { NODES: nodes });
    kubeconfig = /KUBECONFIG=(.+)/.exec(stdout)?.[1] ?? '';
  } catch (error) {
    return skipped(reasonOf(error));
  }
  await using stack = new AsyncDisposableStack();
  const cluster = stack.adopt(clusterOf(readFileSync(kubeconfig, 'utf8')), (one) => one.close());
  stack.defer(async () => {
    await call('down').catch(async () => {
      // A node without a pod is not taken down while its containerd runs.
      const [pid] = readFileSync(join(kubeconfig, '..', 'pid', 'containerd'), 'utf8').split(' ');
      process.kill(Number(pid));
      await call('down');
    });
  });
  const realNode = tools !== undefined && (await call('node/up').then(isThere, saysWhyNot('a real node')));
  const running = stack.move();
  return {
    cluster,
    kubeconfig,
    realNode,
    startGateway: async (port) =>
      (await call('gateway', [String(port)]).then(isThere, saysWhyNot('a gateway'))) ? port : undefined,
    addImage: async (image, folder, command) => {
      const [program = '', ...args] = command;
      await call('node/images', ['add', image, folder, '--with', program, '--', 'node', ...args]);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const isThere = (): boolean => true;

function saysWhyNot(what: string): (error: unknown) => boolean {
  return (error) => {
    skipped(`${what} is not to be had: ${reasonOf(error)}`);
    return false;
  };
}

function skipped(because: string): undefined {
  process.stderr.write(`SKIPPED: Kubernetes: ${because}\n`);
  return undefined;
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message?: string };
  return (stderr ?? '').trim().split('\n').at(-1) || (message ?? String(error));
}
