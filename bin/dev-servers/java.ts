import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DevServerError } from './failure.ts';

const OLDEST_JAVA = 17;
/** `JAVA_HOME` decides where it is set, as it does for Maven. */
const FIND_JAVA = 'command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java"';

const run = promisify(execFile);

/** The `java` to use: of `JAVA_HOME`, else of the PATH. */
export async function findJava(): Promise<string> {
  const java = await run('/bin/sh', ['-c', FIND_JAVA]).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
  if (java === null) {
    throw new DevServerError(
      'java-missing',
      `Kafka and Cassandra need Java ${OLDEST_JAVA}, and there is none (looked at JAVA_HOME and the PATH). Install a JDK or JRE, such as openjdk-17-jre-headless.`,
    );
  }
  const { stdout, stderr } = await run(java, ['-version']);
  const version = javaVersion(`${stderr}${stdout}`);
  if (version < OLDEST_JAVA) {
    throw new DevServerError(
      'java-too-old',
      `Kafka and Cassandra need Java ${OLDEST_JAVA}; ${java} is Java ${version || 'of an unknown version'}. Set JAVA_HOME to a newer one.`,
    );
  }
  return java;
}

/** 17 of `openjdk version "17.0.15"`, 8 of `"1.8.0_402"`; 0 where it says neither. */
export function javaVersion(said: string): number {
  const [, major = '0', minor = '0'] = /version "(\d+)(?:\.(\d+))?/.exec(said) ?? [];
  return major === '1' ? Number(minor) : Number(major);
}
