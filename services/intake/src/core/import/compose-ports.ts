import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { DraftPort, Protocol } from './draft.ts';
import { asInteger, asText, child, type Reading } from './nodes.ts';
import { portName } from './ports.ts';
import { hintOfName } from './protocol-hints.ts';
import { writtenTextOf } from './written-text.ts';

const rangeMax = 64; // the ports that a service may have

export type ComposePort = { readonly port: DraftPort; readonly published: boolean };

/** `8080`, `"80:8080"`, `"127.0.0.1:9090-9091:8080-8081/udp"` or the long form; `published` is a fixed port of the host. */
export function composePorts(item: Located, path: string, reading: Reading): ComposePort[] {
  return item.kind === 'map' ? longPort(item, path, reading) : shortPorts(item, path, reading);
}

function longPort(item: Located, path: string, reading: Reading): ComposePort[] {
  const containerPort = asInteger(child(item, 'target'), `${path}.target`, reading, { min: 1, max: 65_535 });
  if (containerPort === undefined) {
    if (child(item, 'target') === undefined)
      reading.complaints.add({
        code: 'missing-key',
        path,
        at: item.at,
        reason: '"target" is missing: the port of the container',
      });
    return [];
  }
  const written = asText(child(item, 'name'), `${path}.name`, reading);
  const application = asText(child(item, 'app_protocol'), `${path}.app_protocol`, reading);
  const transport = asText(child(item, 'protocol'), `${path}.protocol`, reading);
  const hints = [
    ...udp(transport),
    ...(application === undefined ? [] : hintOfName(application, `app_protocol ${application}`)),
    ...(written === undefined ? [] : hintOfName(written, `the port's name ${written}`)),
  ];
  const published = asText(child(item, 'published'), `${path}.published`, reading);
  return [
    {
      port: { containerPort, name: portName(written), at: item.at, hints, inferred: false },
      published: published !== undefined && published !== '' && published !== '0',
    },
  ];
}

function shortPorts(item: Located, path: string, reading: Reading): ComposePort[] {
  const written = writtenTextOf(item);
  const match =
    /^(?:(?:(\[[0-9a-f:]+\]|[0-9.]+):)?(?:(\d+)(?:-(\d+))?)?:)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(
      written?.text.trim() ?? '',
    );
  if (written === undefined || match === null) {
    reading.complaints.add({
      code: 'bad-port',
      path,
      at: item.at,
      reason: `${written === undefined ? 'a list' : quote(written.text)} is no port`,
      next: 'write "8080", "80:8080", "127.0.0.1:80:8080/udp", or { target, published, protocol }',
    });
    return [];
  }
  const [, , host, , first = '', last = first, transport] = match;
  const [from, to] = [Number(first), Number(last)];
  if (from < 1 || to > 65_535 || to < from || to - from >= rangeMax) {
    reading.complaints.add({
      code: 'bad-port',
      path,
      at: item.at,
      reason: `${quote(written.text)} is no range of at most ${rangeMax} ports from 1 to 65535`,
    });
    return [];
  }
  const hints = [
    ...udp(transport),
    ...written.variables.flatMap((name) => hintOfName(name, `variable ${name} of the port`)),
  ];
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    port: { containerPort: from + index, name: undefined, at: item.at, hints: [...hints], inferred: false },
    published: host !== undefined,
  }));
}

function udp(transport: string | undefined): { readonly protocol: Protocol; readonly because: string }[] {
  return transport?.toLowerCase() === 'udp' ? [{ protocol: 'udp', because: 'the port says udp' }] : [];
}
