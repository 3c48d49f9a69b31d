import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Config } from '../../infra/config.ts';
import type { DataFolder } from '../data-folder.ts';

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
/** Listens on all addresses of the machine, and is none of them. */
export const isAnyAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Whose pages are let in, as far as the settings say: a gateway without HTTP knows of no others. */
export function knownOrigins({ origins, publicUrl }: Pick<Config, 'origins' | 'publicUrl'>): string[] {
  if (origins.length > 0) return [...origins];
  return publicUrl === null ? [] : [new URL(publicUrl).origin];
}

/** The page's own address, by both names that a browser may know a server on its own machine by. */
export function ownOrigins(http: string, port: number): string[] {
  const { hostname, origin } = new URL(http);
  const local = isLoopback(hostname) || ['0.0.0.0', '[::1]', '[::]'].includes(hostname);
  return [...new Set([origin, ...(local ? [`http://localhost:${port}`, `http://127.0.0.1:${port}`] : [])])];
}

interface Addresses {
  http?: string;
  gateway?: string;
  ops?: string;
  pid: number;
}

/** Written in one piece once the server is ready: its being there is the sign. */
export function writeAddresses(folder: DataFolder, addresses: Addresses): void {
  write(folder.addresses, addresses);
  rmSync(folder.starting, { force: true });
}

/** Before it is ready: operators can see then what it waits for. */
export const writeStarting = (folder: DataFolder, addresses: Addresses): void => write(folder.starting, addresses);

function write(file: string, addresses: Addresses): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(addresses)}\n`);
  renameSync(draft, file);
}

/** When the server stops; and when one starts, since a killed one left its own. */
export function removeAddresses(folder: DataFolder): void {
  for (const file of [folder.addresses, folder.starting]) rmSync(file, { force: true });
}
