import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { DevServerError } from './failure.ts';

const MANIFEST = 'manifest.json';
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const MAVEN_MS_MAX = 300_000;
const SAID_CHARS = 2_000;

/** Outside the checkout: checkouts share it, and a fresh one finds it. */
export const JAR_CACHE = join(homedir(), '.cache', 'hindsight');

const run = promisify(execFile);

/** A program on Maven Central: what it is made of, with everything that needs in turn. */
export interface JarSet {
  name: string;
  version: string;
  /** `group:artifact:version`, the program itself first. */
  artifacts: readonly string[];
}

const Manifest = z.object({ artifacts: z.array(z.string()), jars: z.record(z.string(), z.int().min(1)) });

/** Puts the jars of the set into a folder. */
export type FetchJars = (set: JarSet, folder: string) => Promise<void>;

/** The folder of the set's jars, whole; fetched from Maven Central where it is not there or not whole. */
export async function ensureJars(
  set: JarSet,
  { cache = JAR_CACHE, say, fetch = oneByOne }: { cache?: string; say(line: string): void; fetch?: FetchJars },
): Promise<string> {
  const folder = join(cache, `${set.name}-${set.version}`);
  if (isWhole(set, folder)) return folder;
  say(`fetching ${set.name} ${set.version} from Maven Central; the first time takes a minute or two`);
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(`${folder}.part-`);
  try {
    await fetch(set, draft);
    writeManifest(set, draft);
    moveInPlace(set, draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Whether every jar that was once fetched is there in its full size. The manifest is written last. */
export function isWhole(set: JarSet, folder: string): boolean {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) return false;
  const manifest = Manifest.safeParse(parsed(readFileSync(file, 'utf8')));
  if (!manifest.success || manifest.data.artifacts.join() !== set.artifacts.join()) return false;
  const jars = Object.entries(manifest.data.jars);
  return (
    jars.length > 0 &&
    jars.every(([name, bytes]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes)
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // half written or meddled with: as good as none
  }
}

function writeManifest(set: JarSet, folder: string): void {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  const absent = set.artifacts
    .map((artifact) => `${artifact.split(':').slice(1).join('-')}.jar`)
    .filter((name) => !names.includes(name));
  if (absent.length > 0)
    throw new DevServerError('jars-missing', `Maven did not bring ${absent.join(', ')} for ${set.name}`);
  const jars = Object.fromEntries(names.map((name) => [name, statSync(join(folder, name)).size]));
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify({ artifacts: set.artifacts, jars }, null, 2)}\n`);
}

/** Of two that fetch at once the first wins. What is there and not whole goes. */
function moveInPlace(set: JarSet, draft: string, folder: string): void {
  if (isWhole(set, folder)) return;
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!isWhole(set, folder)) throw error;
  }
}

let last: Promise<void> = Promise.resolve();

/** Two Mavens at once would write the same local repository. */
function oneByOne(set: JarSet, folder: string): Promise<void> {
  const mine = last.then(() => fetchByMaven(set, folder));
  last = mine.catch(() => undefined); // whoever asked is told; the next one goes on
  return mine;
}

async function fetchByMaven(set: JarSet, folder: string): Promise<void> {
  const project = mkdtempSync(`${folder}-pom-`);
  writeFileSync(join(project, 'pom.xml'), pomOf(set));
  try {
    const args = ['-q', '-B', '--strict-checksums', '-Dstyle.color=never', COPY_DEPENDENCIES, '-DincludeScope=runtime'];
    await run('mvn', [...args, `-DoutputDirectory=${folder}`], { cwd: project, timeout: MAVEN_MS_MAX });
  } catch (cause) {
    throw mavenFailure(set, cause as NodeJS.ErrnoException & { stdout?: string; stderr?: string });
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

function mavenFailure(
  set: JarSet,
  cause: NodeJS.ErrnoException & { stdout?: string; stderr?: string },
): DevServerError {
  if (cause.code === 'ENOENT') {
    return new DevServerError(
      'maven-missing',
      `${set.name} is fetched with Maven the first time, and there is no mvn on the PATH. Install it (Debian: apt-get install maven).`,
      { cause },
    );
  }
  const said = `${cause.stdout ?? ''}${cause.stderr ?? ''}`.trim().slice(-SAID_CHARS) || cause.message;
  return new DevServerError('maven-failed', `Maven could not fetch ${set.name} ${set.version}:\n${said}`, {
    temporary: true,
    cause,
  });
}

function pomOf(set: JarSet): string {
  const dependencies = set.artifacts.map((coordinates) => {
    const [group, artifact, version] = coordinates.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>hindsight.dev</groupId><artifactId>${set.name}</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('')}</dependencies></project>
`;
}
