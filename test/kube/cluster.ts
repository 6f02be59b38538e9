import { Agent, request } from 'node:https';
import type { Json } from '@microstax/model/canonical-json';
import { parse } from 'yaml';

/** Objects as the API takes and gives them. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
};
export type ApiAnswer = { readonly status: number; readonly body: Json };

/** A cluster's API as a test speaks with it. */
export type Cluster = {
  call(method: string, path: string, body?: unknown, type?: string): Promise<ApiAnswer>;
  /** Server-side apply with strict validation, as field manager `microstax` unless told otherwise. */
  apply(object: KubeObject, manager?: string): Promise<ApiAnswer>;
  close(): void;
};

/** Reads a kubeconfig with a certificate or a token of its current user. */
export function clusterOf(kubeconfig: string): Cluster {
  const config = parse(kubeconfig) as Config;
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user ?? {};
  if (cluster === undefined) throw new Error('the kubeconfig has no current cluster');
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  });
  const call: Cluster['call'] = (method, path, body, type = 'application/json') =>
    new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers = {
        accept: 'application/json',
        ...(user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }),
        ...(bytes === undefined ? {} : { 'content-type': type, 'content-length': bytes.length }),
      };
      const asked = request(new URL(path, cluster.server), { method, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: readJson(text) }));
      });
      asked.on('error', reject);
      asked.end(bytes);
    });
  return {
    call,
    apply: (object, manager = 'microstax') =>
      call(
        'PATCH',
        `${pathOf(object)}?fieldManager=${manager}&fieldValidation=Strict&force=true`,
        object,
        'application/apply-patch+yaml',
      ),
    close: () => agent.destroy(),
  };
}

/** Where an object of a kind that these tests know stands. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const plural = /[^aeiou]y$/.test(kind) ? `${kind.slice(0, -1)}ies` : kind.endsWith('s') ? `${kind}es` : `${kind}s`;
  return `${group}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural.toLowerCase()}/${name}`;
}

type Config = {
  readonly 'current-context': string;
  readonly clusters: readonly { readonly name: string; readonly cluster: Secrets & { readonly server: string } }[];
  readonly users: readonly { readonly name: string; readonly user: Secrets }[];
  readonly contexts: readonly { readonly name: string; readonly context: { readonly cluster: string; user: string } }[];
};
type Secrets = {
  readonly 'certificate-authority-data'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
};

function decoded(base64: string | undefined): Buffer | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
