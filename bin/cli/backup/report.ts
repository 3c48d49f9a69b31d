import type { BackupManifest } from './manifest.ts';
import { describeDamage } from './read.ts';
import type { BackupCheck, LogComparison } from './verify.ts';

const PRINTED_MAX = 20;

/** What a check found, as people read it. */
export function describeVerified(manifest: BackupManifest, { damage, gaps, accounts }: BackupCheck): string {
  if (damage.count === 0 && accounts === null) {
    const { events, position, chain, segments } = manifest;
    return `sound: ${events} events through ${position} in ${many(segments.length, 'segment')}, and the accounts; chain ${chain}`;
  }
  return [
    ...(damage.count > 0 ? [`damaged at ${many(damage.count, 'place')}:`] : []),
    ...shown(damage, describeDamage),
    ...(gaps.count > 0 ? ['missing, as far as what comes after them tells:'] : []),
    ...shown(gaps, ({ stream, fromRevision, throughRevision, before }) => {
      const revisions = fromRevision === throughRevision ? `${fromRevision}` : `${fromRevision} to ${throughRevision}`;
      return `${stream} revision ${revisions}, before position ${before}`;
    }),
    ...(accounts === null ? [] : [accounts]),
  ].join('\n');
}

export function describeComparison({ sameEpoch, same, differences }: LogComparison): string {
  const how = sameEpoch ? '' : ' (it was restored since: compared by stream and revision)';
  if (differences.count === 0) return `the log holds all ${same} events, and they are the same${how}`;
  return [
    `${differences.count} events differ from the log${how}, ${same} are the same:`,
    ...shown(differences, ({ stream, revision, position, what }) => {
      const place = position === null ? '' : `position ${position}, `;
      return `${place}${stream} revision ${revision}: ${what}`;
    }),
  ].join('\n');
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function shown<T>({ count, first }: { count: number; first: readonly T[] }, describe: (one: T) => string): string[] {
  const lines = first.slice(0, PRINTED_MAX).map((one) => `  ${describe(one)}`);
  return count > lines.length ? [...lines, `  … and ${count - lines.length} more: see --json`] : lines;
}
