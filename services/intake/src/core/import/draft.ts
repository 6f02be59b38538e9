import type { ImportEvidence } from '@microstax/contracts/import-requests';
import type { WrittenText } from './written-text.ts';

export type Protocol = 'http' | 'grpc' | 'tcp' | 'udp';

/** A service on its way from foreign words to ours. Edges, ports of addresses and protocols are found when all are known. */
export type Draft = {
  readonly name: string;
  /** As it was written. */
  readonly writtenAs: string;
  readonly kind: string;
  readonly at: number;
  /** The names it is reached by, in lower case, and how the ports of that name lead to its own. */
  readonly hosts: readonly DraftHost[];
  readonly ports: DraftPort[];
  readonly env: readonly DraftVariable[];
  readonly command: readonly WrittenText[] | undefined;
  readonly args: readonly WrittenText[] | undefined;
  /** Texts that may hold addresses and are not carried as variables or arguments: steps before the start. */
  readonly mentions: readonly DraftMention[];
  readonly declared: readonly DraftDependency[];
  readonly secrets: readonly DraftSecret[];
  /** What needs no other service to be known, in the words of a Blueprint. */
  readonly fields: Readonly<Record<string, unknown>>;
};

export type DraftHost = {
  readonly host: string;
  /** Where several places use one name: only `cart.shop` is then this one. */
  readonly namespace?: string;
  /** Ports of the name to ports of the service; undefined where they are the same. */
  readonly ports?: ReadonlyMap<number, number>;
};

export type DraftPort = {
  readonly containerPort: number;
  readonly name: string | undefined;
  readonly at: number;
  /** What tells a protocol, in the order found. */
  readonly hints: DraftHint[];
  /** An address names it, no declaration does. */
  readonly inferred: boolean;
};
export type DraftHint = { readonly protocol: Protocol; readonly because: string };

export type DraftVariable = { readonly name: string; readonly value: WrittenText };
export type DraftMention = {
  readonly kind: ImportEvidence['kind'];
  readonly where: string;
  readonly value: WrittenText;
};
export type DraftDependency = {
  readonly target: string;
  readonly at: number;
  readonly required: boolean;
  readonly kind: 'depends_on' | 'links';
};
export type DraftSecret = {
  readonly envKey: string;
  readonly ref: string;
  readonly reason: string;
  readonly at: number;
  /** Read for the addresses in it, and kept nowhere. */
  readonly value?: WrittenText;
};
