/** What a server of our own is told; `port` and `monitorPort` 0 mean: any free one. */
export type NatsServerSettings = {
  readonly storeDir: string;
  readonly version: string;
  readonly port: number;
  readonly name: string | undefined;
  readonly maxPayloadBytes: number;
  readonly monitorPort: number | undefined;
};

/**
 * The configuration file of a server of our own: loopback only, JetStream on files, every acknowledged write synced
 * where the version knows how (older servers refuse to start on the unknown field). Throws on a name or a folder that
 * cannot be written into such a file.
 */
export function natsServerConfig(settings: NatsServerSettings): string {
  const { storeDir, version, port, name, maxPayloadBytes, monitorPort } = settings;
  const lines = [
    `listen: ${quoted(`127.0.0.1:${anyIfZero(port)}`)}`,
    ...(name === undefined ? [] : [`server_name: ${quoted(name)}`]),
    ...(monitorPort === undefined ? [] : [`http: ${quoted(`127.0.0.1:${anyIfZero(monitorPort)}`)}`]),
    `max_payload: ${maxPayloadBytes}`,
    `ports_file_dir: ${quoted(storeDir)}`,
    'jetstream {',
    `  store_dir: ${quoted(storeDir)}`,
    ...(knowsSyncAlways(version) ? ['  sync_interval: always'] : []),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether a server of this version can be told to sync each write: since 2.10. */
export function knowsSyncAlways(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

// The server's word for "any free port" is -1.
function anyIfZero(port: number): number {
  return port === 0 ? -1 : port;
}

function quoted(text: string): string {
  // The server's strings know fewer escapes than JSON, so what would need others is refused.
  if (/\p{Cc}/u.test(text)) {
    throw new Error(`Cannot configure nats-server: ${JSON.stringify(text)} holds a control character`);
  }
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
