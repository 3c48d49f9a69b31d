import { signal } from '@preact/signals';

/** What a demo server tells about itself. */
export interface Demo {
  users: { username: string; password: string; displayName: string }[];
  chatId?: string | null;
  title?: string;
  asOf?: string;
  attribution?: string;
}

/** Undefined until asked; null on a server that is no demo. */
export const demo = signal<Demo | null | undefined>(undefined);

export async function loadDemo(): Promise<void> {
  try {
    const response = await fetch('/demo.json');
    demo.value = response.ok && isJson(response) ? ((await response.json()) as Demo) : null;
  } catch {
    demo.value = null; // sign-in says that the server cannot be reached, if it cannot
  }
}

const isJson = (response: Response): boolean => (response.headers.get('content-type') ?? '').includes('json');
