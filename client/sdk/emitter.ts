/** A small typed emitter. A listener that throws does not keep the others from hearing: its error is raised afterwards. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Returns the function that ends the listening. */
  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** The next value under that name. */
  once<K extends keyof Events>(name: K): Promise<Events[K]> {
    return new Promise((resolve) => {
      const off = this.on(name, (value) => {
        off();
        resolve(value);
      });
    });
  }

  emit<K extends keyof Events>(name: K, value: Events[K]): void {
    const errors: unknown[] = [];
    for (const listener of Array.from(this.#listeners.get(name) ?? [])) {
      try {
        (listener as (value: Events[K]) => void)(value);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) queueMicrotask(() => raise(errors));
  }
}

function raise(errors: unknown[]): never {
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'listeners failed');
}
