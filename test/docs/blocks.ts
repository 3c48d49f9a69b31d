import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';

/**
 * What a page's fenced blocks are to its test:
 * - `sh`, `js`: run in order; variables and functions of a shell block are there in the next one, and in `process.env`
 *   of a module.
 * - `output` right after one of those: lines that it prints, in this order, others maybe between them (`run-page.ts`).
 * - `json` right after one of those: what it prints; `frames`: sent (`>`) and received (`<`) on a socket.
 *   Both as `expect-shape.ts` compares them.
 * - everything else (`console`, `text`, `ts`, …) is for the eye only.
 */
export interface Block {
  readonly kind: 'sh' | 'js' | 'json' | 'output' | 'frames';
  readonly text: string;
  /** Of its first line in the page. */
  readonly line: number;
}

const KINDS: ReadonlySet<string> = new Set(['sh', 'js', 'json', 'output', 'frames']);

export function runnableBlocks(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(join(PACKAGE_ROOT, page), 'utf8').split('\n');
  let open: { kind: string; indent: string; from: number } | null = null;
  for (const [i, line] of lines.entries()) {
    const fence = /^(\s*)```(\w*)/.exec(line);
    if (!fence) continue;
    if (open === null) open = { kind: fence[2] ?? '', indent: fence[1] ?? '', from: i + 1 };
    else {
      const { kind, indent, from } = open;
      const text = lines.slice(from, i).map((each) => (each.startsWith(indent) ? each.slice(indent.length) : each));
      if (KINDS.has(kind)) blocks.push({ kind: kind as Block['kind'], text: text.join('\n'), line: from + 1 });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${page}: the block of line ${open.from} is not closed`);
  return blocks;
}
