import type { Message } from '@microstax/bus/bus';
import { type CommandVerb, commandSchema, commandVerbs } from '@microstax/contracts/command';
import { commandSubject, parseSubject } from '@microstax/contracts/subjects';
import type { Finding } from '@microstax/model/finding';
import { localActor } from '@microstax/model/names';
import { currentTraceparent } from '@microstax/service/telemetry';
import type { Commanded } from '../core/command.ts';
import { issueText, parseJson } from './parse-event.ts';

/** A command as it was sent. What a person can have mistyped is a finding: they are told, and nobody is alarmed. */
export type ReadCommand =
  | { readonly kind: 'command'; readonly command: Commanded }
  | { readonly kind: 'refused'; readonly about: Omit<Commanded, 'verb' | 'cascade'>; readonly finding: Finding }
  | { readonly kind: 'dead'; readonly reason: string };

export function readCommand(message: Message, now: number): ReadCommand {
  const address = parseSubject(message.subject);
  if (address?.kind !== 'command' && address?.kind !== 'stray command')
    return { kind: 'dead', reason: `Cannot read a command from "${message.subject}"` };
  const { service, org, env, verb, actor } = address;
  const about: Omit<Commanded, 'verb' | 'cascade'> = {
    org,
    env,
    submission: { id: message.id, order: { incarnation: message.incarnation, sequence: message.sequence } },
    actor: actor === undefined ? { name: localActor, proof: 'loopback' } : { name: actor, proof: 'subject' },
    traceparent: currentTraceparent() ?? null,
    now,
  };
  if (service !== 'graph') return { kind: 'refused', about, finding: notHeard(address) };
  if (message.purpose !== 'activate') return { kind: 'refused', about, finding: notYet(env, verb, message.purpose) };
  if (!isVerb(verb)) return { kind: 'refused', about, finding: unknownVerb(env, verb) };
  const json = message.body.byteLength === 0 ? {} : parseJson(message.body);
  const options = commandSchema.safeParse(json);
  if (options.success) return { kind: 'command', command: { ...about, verb, cascade: options.data.cascade } };
  const why = json === undefined ? 'they are not JSON' : options.error.issues.map(issueText).join('; ');
  return { kind: 'refused', about, finding: unreadable(env, verb, why) };
}

function isVerb(verb: string): verb is CommandVerb {
  return commandVerbs.some((known) => known === verb);
}

function notHeard({ service, org, env, verb }: { service: string; org: string; env: string; verb: string }): Finding {
  const reason = `Cannot ${verb} "${env}": "${service}" hears no commands`;
  const graphs = commandSubject({ service: 'graph', org, env, verb });
  return { severity: 'error', code: 'unheard-command', subject: env, reason, next: `send it to ${graphs}` };
}

function notYet(env: string, verb: string, purpose: string): Finding {
  const reason = `Cannot ${verb} "${env}" with purpose "${purpose}": this version does that for Blueprints only`;
  return { severity: 'error', code: 'not-yet', subject: env, reason };
}

function unknownVerb(env: string, verb: string): Finding {
  const reason = `Cannot ${verb} "${env}": the graph knows no command "${verb}"`;
  const next = `known are ${commandVerbs.map((known) => `"${known}"`).join(', ')}`;
  return { severity: 'error', code: 'unknown-verb', subject: env, reason, next };
}

function unreadable(env: string, verb: string, why: string): Finding {
  const reason = `Cannot read the options of ${verb} "${env}": ${why}`;
  const next = 'send an empty body, or {"cascade": true}';
  return { severity: 'error', code: 'unreadable-command', subject: env, reason, next };
}
