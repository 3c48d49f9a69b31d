/**
 * How the data of older versions becomes the current one: `UPCASTERS[type][v]` turns version v into v + 1, purely.
 * Golden files of every version ever written (`test/events/golden`) prove that the chain still reads them.
 */
export type Upcaster = (data: unknown) => unknown;
export type UpcasterTable = Readonly<Record<string, Readonly<Record<number, Upcaster>>>>;

export const UPCASTERS: UpcasterTable = {};

/** Walks the chain from `v` as far as it goes. */
export function upcast(type: string, v: number, data: unknown, table: UpcasterTable = UPCASTERS): unknown {
  let current = data;
  for (let version = v; ; version++) {
    const step = table[type]?.[version];
    if (!step) return current;
    current = step(current);
  }
}
