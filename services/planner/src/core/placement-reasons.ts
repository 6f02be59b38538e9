import type { ComposedService } from '@microstax/model/composition';
import type { ServiceDifference } from '@microstax/model/difference';
import { must } from '@microstax/model/must';
import type { PlacementReason } from '@microstax/model/plan';
import type { DependencyKind } from '@microstax/model/service-spec';
import type { Closure } from './closure.ts';
import { type ComposedView, nameAt, serviceAt } from './composed-view.ts';
import type { Flow } from './flows.ts';
import { contextNode, localNode, serviceOf } from './implications.ts';
import { namedChanges } from './named-changes.ts';

const verbs: Readonly<Record<DependencyKind, string>> = {
  calls: 'calls',
  publishes: 'publishes to',
  consumes: 'consumes from',
  reads: 'reads from',
  writes: 'writes to',
};

/** `checkout calls payments`. */
export function dependencyPhrase(view: ComposedView, { edge }: Pick<Flow, 'edge'>): string {
  return `${nameAt(view, edge.from)} ${verbs[edge.dependency.kind]} ${nameAt(view, edge.to)}`;
}

/** Why a service that nothing forces by itself runs here all the same. */
export function impliedReason(view: ComposedView, closure: Closure, index: number): PlacementReason {
  const node = localNode(index);
  const last = must(closure.chain(node, 1)[0], 'what is local without a fact of its own follows from another');
  const name = nameAt(view, index);
  const because = pathTo(view, closure, node);
  if (last.rule === 'queue follows consumer') {
    const consumer = nameAt(view, serviceOf(last.premise));
    const text = `${name} must run here: ${consumer} runs here and would take the messages of ${ownerOf(view, index)}'s ${name}`;
    return { code: 'queue-follows-consumer', text, because };
  }
  if (last.rule === 'consumer follows queue') {
    const queue = nameAt(view, serviceOf(last.premise));
    const text = `${name} must run here: ${queue} runs here, and ${ownerOf(view, index)}'s ${name} would not see its messages`;
    return { code: 'consumer-follows-queue', text, because };
  }
  if (last.rule === 'cannot be bridged') {
    const caller = nameAt(view, serviceOf(last.premise));
    const text = `${name} must run here: ${caller} runs here and reaches it over udp, which the router does not listen on`;
    return { code: 'cannot-be-bridged', text, because };
  }
  const flow = must(last.flow, 'a context rule has its flow');
  const behind = whatIsBehind(view, closure, node);
  if (last.rule === 'cannot be told apart') {
    const text = `${name} must run here: ${dependencyPhrase(view, flow)} over ${flow.protocol}, which is passed through to one target, and ${behind}`;
    return { code: 'not-told-apart', text, because };
  }
  const text = `${name} must run here: ${dropping(view, flow)}, and ${behind}`;
  return { code: 'context-must-pass', text, because };
}

/** Why requests that arrive at an inherited service must carry the context. */
export function carriesReason(view: ComposedView, closure: Closure, index: number): PlacementReason {
  const node = contextNode(index);
  const because = pathTo(view, closure, node);
  const what = `requests to ${nameAt(view, index)} must carry the context of ${view.env}`;
  const behind = whatIsBehind(view, closure, node);
  const text = because.length > 1 ? `${what} on: ${because.join(' -> ')}, and ${behind}` : `${what}: ${behind}`;
  return { code: 'carries-context', text, because };
}

/** Why a service is left to its remote alternative. */
export function remoteReason(view: ComposedView, index: number): PlacementReason {
  const { name, remote } = serviceAt(view, index);
  const { env, tier } = must(remote, 'what is not local has a remote alternative');
  if (tier === 'explicit provider mapping')
    return { code: 'explicitly-mapped', text: `${name} is mapped to ${env} by routing.providers of ${view.env}` };
  if (tier === 'shared provider pool')
    return {
      code: 'pool-provides',
      text: `${name} is declared nowhere in the lineage: ${env} of the pools provides it`,
    };
  const difference = view.differences[index];
  if (difference) return inheritedReason(view, difference, env);
  return { code: 'unchanged-inherited', text: `${name} is not declared in ${view.env}, so ${env} provides it` };
}

function inheritedReason(view: ComposedView, difference: ServiceDifference, env: string): PlacementReason {
  const { service, state, changes, path, declared } = difference;
  if (changes.length > 0) {
    const text = `${service} is declared in ${view.env} with changes that ${env}'s instance can stand in for: ${namedChanges(changes)}`;
    return { code: 'declared-but-inherited', text, because: changes.map(({ pointer }) => pointer) };
  }
  const code = 'unchanged-inherited';
  if (state === 'impacted' && path !== undefined && path.length > 1) {
    const text = `${service} itself is unchanged, so ${env} provides it; what it depends on differs: ${path.join(' -> ')}`;
    return { code, text, because: path };
  }
  const what = declared ? `declared in ${view.env} and identical to` : 'unchanged from';
  return { code, text: `${service} is ${what} ${env}'s, so ${env} provides it` };
}

/** Why nothing runs here at all (protocol 14). */
export function unwantedReason(view: ComposedView, { name, remote }: ComposedService): PlacementReason {
  const state = `${view.env} is wanted ${view.wanted}, so ${name} does not run here`;
  const then = remote === null ? 'and no environment offers it' : `and ${remote.env} answers`;
  return { code: 'not-wanted', text: `${state}, ${then}` };
}

const pathLengthMax = 12; // a longer path is not read, and all of them together would be quadratic

/** `web -> checkout -> payments`: from a service to the one that its node follows from; a long way is cut short. */
function pathTo(view: ComposedView, closure: Closure, node: number): readonly string[] {
  const chain = closure.chain(node, pathLengthMax);
  const services = [node, ...chain.map(({ premise }) => premise).reverse()].map(serviceOf);
  const names = services.filter((service, at) => service !== services[at - 1]).map((service) => nameAt(view, service));
  const origin = nameAt(view, serviceOf(closure.origin(node)));
  return closure.distance(node) > chain.length ? [...names, '...', origin] : names;
}

/** Why the fact holds that a node follows from: what the context is for. */
function whatIsBehind(view: ComposedView, closure: Closure, node: number): string {
  const service = serviceOf(closure.origin(node));
  return closure.holds(localNode(service)) ? `${nameAt(view, service)} runs here` : overriding(view, service);
}

/** Why the root's own instance is not the answer although nothing runs here. */
export function overriding(view: ComposedView, index: number): string {
  const { name, removed, owner, remote } = serviceAt(view, index);
  if (removed) return `${name} is taken away in ${owner}`;
  if (remote?.tier === 'explicit provider mapping') return `${name} is mapped to ${remote.env} here`;
  return `${name} is provided by ${remote?.env}, not by ${view.root}`;
}

/** `checkout writes to ledger over tcp, which carries no context`. */
export function dropping(view: ComposedView, flow: Flow): string {
  const phrase = `${dependencyPhrase(view, flow)} over ${flow.protocol}`;
  if (flow.lost === 'not-received') return `${phrase}, and ${nameAt(view, flow.from)} gets no context to pass on`;
  return `${phrase}, ${flow.routed ? 'and is declared not to pass the context on' : 'which carries no context'}`;
}

function ownerOf(view: ComposedView, index: number): string {
  const { remote, owner } = serviceAt(view, index);
  return remote?.env ?? owner;
}
