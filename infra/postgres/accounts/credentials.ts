import type { UserId } from '../../../events/ids.ts';
import type { StoredCredential } from '../../../gateway/auth/ports.ts';
import { textColumn } from '../arrays.ts';
import type { Postgres } from '../pool.ts';

const INSERT = `INSERT INTO credentials (user_id, hash, enrolled_by, changed_by)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`;
const STANDING = `SELECT user_id AS "userId", hash, enrolled_by AS "enrolledBy", changed_by AS "changedBy"
  FROM credentials WHERE user_id = ANY ($1::text[])`;

const PAGE_ROWS = 500;
const PAGE = {
  name: 'accounts-credentials-page',
  text: `SELECT user_id AS "userId", hash, enrolled_by AS "enrolledBy", changed_by AS "changedBy"
    FROM credentials WHERE user_id > $1 ORDER BY user_id LIMIT ${PAGE_ROWS}`,
};

/** All credentials, page by page, in the order of the users' ids. */
export async function* readCredentials(postgres: Postgres): AsyncGenerator<StoredCredential[]> {
  for (let after = ''; ; ) {
    const rows = await postgres.query<StoredCredential>(PAGE, [after]);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1)?.userId ?? after;
  }
}

/** Adds those that are not there. Answers how many that were, and whose stand there with something else. */
export async function copyCredentials(
  postgres: Postgres,
  credentials: readonly StoredCredential[],
): Promise<{ copied: number; different: UserId[] }> {
  const column = (of: (credential: StoredCredential) => string | null): string => textColumn(credentials, of);
  const ids = column(({ userId }) => userId);
  const copied = await postgres.execute(INSERT, [
    ids,
    column(({ hash }) => hash),
    column(({ enrolledBy }) => enrolledBy),
    column(({ changedBy }) => changedBy),
  ]);
  const rows = await postgres.query<StoredCredential>(STANDING, [ids]);
  const standing = new Map(rows.map((row) => [row.userId, row]));
  const different = credentials.filter((credential) => !isSame(standing.get(credential.userId), credential));
  return { copied, different: different.map(({ userId }) => userId) };
}

const isSame = (one: StoredCredential | undefined, other: StoredCredential): boolean =>
  one?.hash === other.hash && one.enrolledBy === other.enrolledBy && one.changedBy === other.changedBy;
