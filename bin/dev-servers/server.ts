import { readFileSync } from 'node:fs';
import type { Launch } from './processes.ts';

const TAIL_LINES = 40;

/** Where one server lives. */
export interface Place {
  /** Its own folder: data, configuration and log. */
  folder: string;
  ports: Record<string, number>;
  /** Tells the user what takes a while. */
  say(line: string): void;
}

/** How one kind of server is started, asked whether it serves, and stopped. */
export interface DevServer {
  name: string;
  /** With its version, for people. */
  title: string;
  ports: readonly string[];
  /** What ends it in good order. */
  stopSignal: NodeJS.Signals;
  /** Writes its configuration, makes its data folder the first time; resolves to what is to be run. */
  prepare(place: Place): Promise<Launch>;
  /** Rejects while it does not truly serve: a request of its own protocol must succeed. */
  ask(place: Place): Promise<void>;
  /** The settings with which Hindsight finds it. */
  env(place: Place): Record<string, string>;
  /** Whether an end of the log means only that what a killed one left behind is not gone yet. */
  mayTryAgain?(log: string): boolean;
}

export function portOf(place: Place, name: string): number {
  const port = place.ports[name];
  if (port === undefined) throw new Error(`no port was picked for ${name}`);
  return port;
}

export function tailOf(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
