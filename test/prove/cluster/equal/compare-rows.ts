import type { Rows, TableName } from './embedded-rows.ts';

export interface TableCompared {
  readonly table: string;
  readonly rows: number;
  /** In the embedded run's table and not in the cluster's, or the other way round. */
  readonly differences: readonly string[];
}

type Tables = Record<TableName, () => Rows>;

/** Row for row, whatever their order. */
export async function compareRows({ right, found }: { right: Tables; found: Tables }): Promise<TableCompared[]> {
  const compared: TableCompared[] = [];
  for (const table of Object.keys(right) as TableName[]) {
    const wanted = new Set<string>();
    for await (const row of right[table]()) wanted.add(JSON.stringify(row));
    const rows = wanted.size;
    const differences: string[] = [];
    for await (const row of found[table]()) {
      const line = JSON.stringify(row);
      if (!wanted.delete(line)) differences.push(`${table}: only in the cluster: ${line}`);
    }
    for (const line of wanted) differences.push(`${table}: not in the cluster: ${line}`);
    compared.push({ table, rows, differences });
  }
  return compared;
}
