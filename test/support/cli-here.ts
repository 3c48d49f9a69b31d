import type { Io } from '../../bin/cli/io.ts';
import { main } from '../../bin/cli/main.ts';

/** The command in this process. The exit code that a verb leaves behind is taken back. */
export async function cliHere(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const io: Io = {
    out: (text) => void (said.stdout += `${text}\n`),
    err: (text) => void (said.stderr += `${text}\n`),
    drained: async () => undefined,
  };
  const before = process.exitCode;
  try {
    return { code: await main(args, io), ...said };
  } finally {
    process.exitCode = before;
  }
}
