/** The last first, which may add others. One that fails must not keep the others from flushing, so what went wrong is said at the end. */
export async function closeAll(closing: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = closing.pop(); end; end = closing.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, `stopping: ${failures.map(String).join('; ')}`);
  if (failures.length === 1) throw failures[0];
}

/** Closes all after the work. Where that has failed it is what is thrown, and what else goes wrong is only told. */
export async function closingAfter<T>(
  { closing, warn }: { closing: (() => unknown)[]; warn: (message: string) => void },
  work: () => Promise<T>,
): Promise<T> {
  let done: T;
  try {
    done = await work();
  } catch (error) {
    await closeAll(closing).catch((failure: unknown) => warn(`warning: ${String(failure)}`));
    throw error;
  }
  await closeAll(closing);
  return done;
}
