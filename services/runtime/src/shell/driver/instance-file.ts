import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '@microstax/model/digest';
import type { InstanceRecord } from '@microstax/model/journal';
import { fileName } from './folders.ts';

/** What the shim keeps behind pid, start time, boot id and epoch: one line, no spaces within a word. */
export function instanceNote(note: {
  readonly runDigest: Digest;
  readonly service: string;
  readonly instance: string;
  readonly ports: Readonly<Record<string, number>>;
}): string {
  const ports = Object.entries(note.ports).map(([name, port]) => `${encodeURIComponent(name)}=${port}`);
  return [note.runDigest, encodeURIComponent(note.service), encodeURIComponent(note.instance), `[${ports}]`].join(' ');
}

/** Reads a line of the shim; undefined where it is none. */
export function parseInstanceLine(line: string): InstanceRecord | undefined {
  const [pid, startTime, bootId, epoch, runDigest, service, instance, ports] = line.trim().split(' ');
  if (startTime === undefined || bootId === undefined || service === undefined || instance === undefined)
    return undefined;
  if (runDigest === undefined || !isDigest(runDigest) || ports === undefined) return undefined;
  if (!/^\d+$/.test(pid ?? '') || !/^\d+$/.test(epoch ?? '')) return undefined;
  return {
    id: decodeURIComponent(instance),
    service: decodeURIComponent(service),
    runDigest,
    pid: Number(pid),
    startTime,
    bootId,
    ports: parsePorts(ports),
    epoch: Number(epoch),
  };
}

/** The record of one instance, whether it lives or not. */
export async function readInstance(records: string, instance: string): Promise<InstanceRecord | undefined> {
  const line = await readFile(join(records, fileName(instance)), 'utf8').catch(() => '');
  return parseInstanceLine(line);
}

/** All records of an environment. */
export async function readInstances(records: string): Promise<readonly InstanceRecord[]> {
  const names = await readdir(records).catch(() => []);
  const found = await Promise.all(names.map((name) => readFile(join(records, name), 'utf8').catch(() => '')));
  // A half-made file of a killed shim has the id of the record it would have become; only one of them is renamed.
  const all = found.map(parseInstanceLine).filter((record) => record !== undefined);
  return [...new Map(all.map((record) => [`${record.id} ${record.pid}`, record])).values()];
}

function parsePorts(text: string): Record<string, number> {
  const pairs = text
    .slice(1, -1)
    .split(',')
    .filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', port = ''] = pair.split('=');
      return [decodeURIComponent(name), Number(port)];
    }),
  );
}
