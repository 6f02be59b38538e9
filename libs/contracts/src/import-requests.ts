import type { Finding, Position } from '@microstax/model/finding';
import { defineRequest } from './request-contract.ts';

/** A file as it was read; the path is the one that findings and evidence name. */
export type ImportFile = { readonly path: string; readonly text: string };

/** What becomes of the environment that is imported. */
export type ImportTarget = {
  /** Else the application's own name, else `fallbackName`. */
  readonly name?: string | undefined;
  /** Usually the folder of the first file, as Compose names a project. */
  readonly fallbackName?: string | undefined;
  readonly mode?: 'baseline' | 'overlay' | undefined;
  /** The parent of an overlay. */
  readonly baseline?: string | undefined;
};

export type ImportComposeRequest = ImportTarget & {
  /** Merged in this order, as the Compose specification says. */
  readonly files: readonly ImportFile[];
  /** Values for `${…}`, a later file over an earlier one. */
  readonly envFiles: readonly ImportFile[];
  /** What the files name themselves: `include`, `extends`, `env_file`. */
  readonly others?: readonly ImportFile[] | undefined;
  /** Paths that were looked for, and where no file is. */
  readonly absent?: readonly string[] | undefined;
  readonly profiles?: readonly string[] | undefined;
};

/** Manifests, any number of documents and lists in each. */
export type ImportKubernetesRequest = ImportTarget & { readonly files: readonly ImportFile[] };

export type ImportReply =
  | {
      readonly kind: 'imported';
      /** YAML, the same bytes for the same request. */
      readonly blueprint: string;
      readonly report: ImportReport;
      /** Warnings. */
      readonly findings: readonly Finding[];
    }
  /** The files name others by path: read them and ask again with them. */
  | { readonly kind: 'needs files'; readonly paths: readonly string[] }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/** Why an edge is believed in: where it stands, and which words of it. Values are not repeated. */
export type ImportEvidence = {
  readonly kind: 'depends_on' | 'links' | 'environment' | 'argument' | 'init';
  /** The variable, the position in the arguments, or the field. */
  readonly where: string;
  /** `cart:7070`: host and port only. */
  readonly address?: string | undefined;
  readonly at: Position;
};

export type ImportEdge = {
  readonly from: string;
  readonly to: string;
  /** The port's name; null where nothing tells which one is meant, or the service has none. */
  readonly port: string | null;
  readonly protocol: 'http' | 'grpc' | 'tcp' | 'udp';
  /** What tells the protocol; null where nothing does, and `tcp` is written. */
  readonly protocolBecause: string | null;
  readonly declared: boolean;
  readonly required: boolean;
  readonly evidence: readonly ImportEvidence[];
};

/** An address of something that the application does not declare. */
export type ImportDangling = {
  readonly from: string;
  readonly host: string;
  readonly evidence: readonly ImportEvidence[];
};

/** Something that was not carried over, or that nobody can know from the files. */
export type ImportRemark = {
  /** Absent where it belongs to no service. */
  readonly service?: string | undefined;
  readonly field: string;
  readonly reason: string;
  readonly at: Position;
};

export type ImportSecret = {
  readonly service: string;
  readonly envKey: string;
  /** `<secret>/<key>`, to be there where the service runs. */
  readonly ref: string;
  readonly reason: string;
  readonly at: Position;
};

export type ImportService = {
  readonly name: string;
  /** As it was written, where that is no name of ours. */
  readonly writtenAs?: string | undefined;
  readonly kind: string;
  readonly image: string | null;
  readonly ports: readonly string[];
  readonly at: Position;
};

export type ImportReport = {
  readonly source: 'compose' | 'kubernetes';
  readonly name: string;
  readonly services: readonly ImportService[];
  readonly edges: readonly ImportEdge[];
  readonly dangling: readonly ImportDangling[];
  /** Addresses outside of the application: `api.example.org`. */
  readonly external: readonly ImportDangling[];
  readonly unknown: readonly ImportRemark[];
  /** Not carried over, each with its reason. */
  readonly listed: readonly ImportRemark[];
  readonly secrets: readonly ImportSecret[];
  readonly counts: ImportCounts;
};

export type ImportCounts = {
  readonly services: number;
  /** Pairs of services. */
  readonly edges: number;
  readonly declared: number;
  readonly inferred: number;
  readonly dangling: number;
  /** Edges whose port or protocol nothing tells. */
  readonly unknown: number;
  /** A value, or a whole section where nothing of it has a counterpart: `fieldsRead = carried + listed`. */
  readonly fieldsRead: number;
  readonly carried: number;
  readonly listed: number;
  /** The single values of the text, whatever section they stand in. */
  readonly valuesRead: number;
  readonly valuesCarried: number;
};

export const importCompose = defineRequest<ImportComposeRequest, ImportReply>(
  'intake',
  'import-compose',
  'Compose files as a Blueprint, with a report of what was and what could not be carried over',
);
export const importKubernetes = defineRequest<ImportKubernetesRequest, ImportReply>(
  'intake',
  'import-kubernetes',
  'Kubernetes manifests as a Blueprint, with a report of what was and what could not be carried over',
);

export const importRequests = [importCompose, importKubernetes] as const;
