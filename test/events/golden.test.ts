import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ChatData } from '../../events/chat.ts';
import { decode, decodeChatEvent, versionOf } from '../../events/codec.ts';
import { encodeChatEvent } from '../../events/encode.ts';
import { categoryOf } from '../../events/streams.ts';
import { UPCASTERS } from '../../events/upcasters.ts';
import { GOLDEN_EPOCH, goldenCases, goldenFiles } from './golden-files.ts';

const EVENTS = join(import.meta.dirname, '../../events');

/** `<category>/<Type>` of every schema: whatever a file of `events/` exports as `Stored…Data`. */
async function schemaTypes(): Promise<string[]> {
  const files = readdirSync(EVENTS).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(files.map((file) => import(join(EVENTS, file)) as Promise<Record<string, object>>));
  return modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, schemas]) => {
      const category = /^Stored(\w+)Data$/.exec(name)?.[1]?.toLowerCase();
      return category === undefined ? [] : Object.keys(schemas).map((type) => `${category}/${type}`);
    }),
  );
}

describe('golden files', () => {
  test('there is one for every type of every schema, in the current version and all before it', async () => {
    const types = await schemaTypes();
    expect(types.length).toBeGreaterThanOrEqual(19);
    const wanted = types.flatMap((name) =>
      Array.from({ length: versionOf(name.split('/')[1] ?? '') }, (_, v) => `${name}.v${v + 1}`),
    );
    const missing = wanted.filter((name) => !goldenFiles.some((file) => file.name === name && file.cases.length > 0));
    expect(missing).toEqual([]);
  });

  test('none is of a type or version that nothing writes or reads any more: the log keeps both for ever', async () => {
    const types = await schemaTypes();
    const orphans = goldenFiles.filter(
      ({ category, type, v }) => !types.includes(`${category}/${type}`) || v > versionOf(type),
    );
    expect(orphans.map(({ name }) => name)).toEqual([]);
  });

  test('together they have every field of every chat event', () => {
    const missing = Object.entries(ChatData).flatMap(([type, schema]) => {
      const cases = goldenCases.filter(({ file }) => file.category === 'chat' && file.type === type);
      const fields = Object.keys(schema.shape).filter((field) => field !== 'withheld'); // never stored
      return fields.filter((field) => !cases.some(({ stored }) => field in (stored.data as object)));
    });
    expect(missing).toEqual([]);
  });

  test('each is what it was when it was written: add a line for a new one (`sha256sum`), never change one', () => {
    const written = readFileSync(join(import.meta.dirname, 'golden.sha256'), 'utf8');
    const now = goldenFiles.map(({ name }) => {
      const bytes = readFileSync(join(import.meta.dirname, 'golden', `${name}.json`));
      return `${createHash('sha256').update(bytes).digest('hex')}  ${name}.json`;
    });
    expect(written.trimEnd().split('\n').toSorted()).toEqual(now.toSorted());
  });

  test('every version but the current one has an upcaster', () => {
    const stuck = goldenFiles.filter(({ type, v }) => v < versionOf(type) && !UPCASTERS[type]?.[v]);
    expect(stuck.map(({ name }) => name)).toEqual([]);
  });

  test.each(goldenCases)('$title is read', ({ event, file, stored }) => {
    const decoded = decode(event);
    expect(categoryOf(event.stream)).toBe(file.category);
    expect(decoded).toMatchObject({ known: true, type: file.type, metadata: stored.metadata });
    if (file.v === versionOf(file.type)) expect(decoded.data).toEqual(stored.data);
  });
});

describe('golden files of chats', () => {
  const chats = goldenCases.filter(({ file }) => file.category === 'chat');

  test.each(chats)('$title has exactly its public shape', (golden) => {
    expect(golden.public).toBeDefined();
    expect(decodeChatEvent(golden.event, GOLDEN_EPOCH)).toEqual(golden.public);
  });

  test.each(chats.filter(({ file }) => file.v === versionOf(file.type)))(
    '$title has a way back',
    ({ event, stored }) => {
      const back = encodeChatEvent(decodeChatEvent(event, GOLDEN_EPOCH));
      expect(back?.type).toBe(event.type);
      expect(JSON.parse(back?.data ?? '')).toEqual(stored.data);
      expect(JSON.parse(back?.metadata ?? '')).toEqual(stored.metadata);
    },
  );

  test.each(chats.filter(({ file }) => file.type === 'MessageSent' || file.type === 'MessageEdited'))(
    '$title has no way back once its words are withheld',
    ({ event }) => {
      const seen = decodeChatEvent(event, GOLDEN_EPOCH);
      const withheld = { ...seen, data: { ...seen.data, text: '', withheld: 'hidden' } } as typeof seen;
      expect(encodeChatEvent(withheld)).toBeNull();
    },
  );
});
