import type { Located } from '../located.ts';
import { quote } from '../quote.ts';
import type { ComposeScene, PortHint } from './compose-scene.ts';
import { filledInReason, fillsIn } from './filled-words.ts';
import { asBoolean, asInteger, asMap, asText, child, isNothing } from './nodes.ts';
import { durationSeconds } from './quantities-of-compose.ts';
import { secretWords } from './secret-names.ts';
import { shellWords } from './shell-words.ts';
import { type WrittenText, writtenTextOf } from './written-text.ts';

type Health = { readonly fields: Record<string, unknown>; readonly hints: readonly PortHint[] };

/**
 * A health check as a readiness probe that runs the same command. Failures in the start period do not count, so the
 * probe may fail that much longer.
 */
export function composeHealth(node: Located | undefined, path: string, scene: ComposeScene): Health {
  const check = asMap(node, path, scene);
  if (check === undefined) return { fields: {}, hints: [] };
  const disable = child(check, 'disable');
  const command = commandOf(child(check, 'test'), `${path}.test`, scene);
  if (asBoolean(disable, `${path}.disable`, scene) === true || command === 'none' || command === undefined) {
    scene.ledger.carry(disable, ...(command === 'none' ? [child(check, 'test')] : []));
    if (disable !== undefined || command === 'none')
      scene.ledger.drop(check, 'the check of the image itself is not known here, so there is none to switch off');
    return { fields: {}, hints: [] };
  }
  const secret = secretWords(wordsOf(child(check, 'test')));
  if (secret !== undefined) {
    scene.ledger.drop(check, secret);
    return { fields: {}, hints: [] };
  }
  if (command.some(fillsIn)) {
    scene.ledger.drop(check, filledInReason);
    return { fields: {}, hints: [] };
  }
  const seconds = (key: string): number | undefined => duration(child(check, key), `${path}.${key}`, scene);
  const [interval = 30, timeout, start] = [seconds('interval'), seconds('timeout'), seconds('start_period')];
  const retries = asInteger(child(check, 'retries'), `${path}.retries`, scene, { min: 1, max: 1000 });
  const failures = Math.min(1000, (retries ?? 3) + Math.ceil((start ?? 0) / interval));
  scene.ledger.carry(
    disable,
    child(check, 'test'),
    child(check, 'interval'),
    child(check, 'timeout'),
    child(check, 'retries'),
    child(check, 'start_period'),
  );
  const probe = {
    exec: { command },
    period: `${interval}s`,
    ...(timeout === undefined ? {} : { timeout: `${timeout}s` }),
    failures,
  };
  return { fields: { probes: { readiness: probe } }, hints: hintsOf(command.join(' ')) };
}

function commandOf(
  node: Located | undefined,
  path: string,
  scene: ComposeScene,
): readonly string[] | 'none' | undefined {
  if (node === undefined || isNothing(node)) return undefined;
  if (node.kind === 'scalar') return ['/bin/sh', '-c', node.source];
  if (node.kind === 'map') {
    asText(node, path, scene);
    return undefined;
  }
  const words = node.items.map((item) => writtenTextOf(item)?.text ?? '');
  const [kind, ...rest] = words;
  if (kind === 'NONE') return 'none';
  if (kind === 'CMD-SHELL' && rest.length === 1) return ['/bin/sh', '-c', rest[0] ?? ''];
  if (kind === 'CMD' && rest.length > 0) return rest;
  scene.complaints.add({
    code: 'bad-healthcheck',
    path,
    at: node.at,
    reason: `a test begins with "CMD", "CMD-SHELL" or "NONE", found ${quote(kind ?? '')}`,
    next: 'write ["CMD", "program", "argument"], or one text',
  });
  return undefined;
}

/** The words of a test as they were written, a text split as a shell would. */
function wordsOf(node: Located | undefined): readonly WrittenText[] {
  const whole = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
  return whole.flatMap((item) => {
    const written = writtenTextOf(item);
    return written === undefined
      ? []
      : (shellWords(written.text) ?? [written.text]).map((text) => ({ ...written, text }));
  });
}

function duration(node: Located | undefined, path: string, scene: ComposeScene): number | undefined {
  const text = asText(node, path, scene);
  if (text === undefined || node === undefined) return undefined;
  const seconds = durationSeconds(text);
  if (seconds === undefined)
    scene.complaints.add({
      code: 'bad-duration',
      path,
      at: node.at,
      reason: `${quote(text)} is no duration`,
      next: 'write such as 10s or 1m30s',
    });
  return seconds === undefined ? undefined : Math.max(path.endsWith('start_period') ? 0 : 1, Math.ceil(seconds));
}

/** What a check of one's own port tells of what it speaks. */
function hintsOf(command: string): PortHint[] {
  const hints: PortHint[] = [];
  for (const [, port] of command.matchAll(/http:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?/g))
    hints.push({ port: Number(port ?? 80), hint: { protocol: 'http', because: 'the health check asks it by http' } });
  for (const [, port] of command.matchAll(/grpc_health_probe\b.*?-addr[= ]\S*:(\d{1,5})/g))
    hints.push({ port: Number(port), hint: { protocol: 'grpc', because: 'the health check asks it by grpc' } });
  return hints;
}
