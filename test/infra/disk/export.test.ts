import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat } from '../../../events/chat-view.ts';
import type { EventLog } from '../../../events/event-store.ts';
import { compareFiles, MANIFEST, openExport } from '../../../infra/disk/export-folder.ts';
import { parseManifest } from '../../../queries/export/index.ts';
import { FORMATS, type Format } from '../../../queries/export/port.ts';
import { testFolder } from '../../support/folder.ts';
import { type Asked, chatEvents, exporting, log } from '../../support/small-export.ts';

const bytesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));

const WAYS = FORMATS.flatMap((format) => [
  { kind: 'events', format, by: null },
  { kind: 'events', format, by: 'day' },
  { kind: 'events', format, by: 'chat' },
  { kind: 'events', format, by: null, positions: false },
  { kind: 'state', format, by: null },
  { kind: 'state', format, by: 'chat' },
  { kind: 'state', format, by: 'day' },
]) as (Asked & { format: Format })[];

describe.each(WAYS)('an export %j', (way) => {
  it('has the same bytes every time, on every Node', async () => {
    const [one, two] = [testFolder(), testFolder()];
    const manifest = await exporting(one, { ...way, partRows: 400 });
    await exporting(two, { ...way, partRows: 400 });
    expect(bytesOf(one)).toEqual(bytesOf(two));
    expect(await compareFiles(one, manifest.files)).toEqual([]);
    expect(manifest.sha256).toMatchSnapshot();
  });

  it('goes on where it was cut off, and ends with the same bytes', async () => {
    const [whole, cut] = [testFolder(), testFolder()];
    await exporting(whole, { ...way, partRows: 400 });
    for (let reads = 1; ; reads += 3) {
      const kept = existingFiles(cut);
      try {
        await exporting(cut, { ...way, partRows: 400, log: failingAfter(reads) });
        break;
      } catch (error) {
        expect(String(error)).toContain('cut off');
        expect(existingFiles(cut)).toEqual(expect.arrayContaining(kept));
      }
    }
    expect(bytesOf(cut)).toEqual(bytesOf(whole));
  });
});

const existingFiles = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith('.'));

/** A log that can be read so many times. */
function failingAfter(reads: number): EventLog {
  let left = reads;
  const count = (): void => {
    if (left-- <= 0) throw new Error('cut off');
  };
  return {
    ...log,
    readAll: async (page) => {
      count();
      return log.readAll({ ...page, limit: page.limit });
    },
    readStream: async (stream, page) => {
      count();
      return log.readStream(stream, page);
    },
  };
}

describe('what is exported', () => {
  it('is every event once, in whatever way it is divided', async () => {
    for (const by of [null, 'day', 'chat'] as const) {
      const folder = testFolder();
      const manifest = await exporting(folder, { by, partRows: 400 });
      const lines = manifest.files.flatMap(({ name }) => linesOf(folder, name));
      expect(manifest.count).toBe(chatEvents.length);
      expect(lines.toSorted(byPlace)).toEqual(chatEvents.toSorted(byPlace));
    }
  });

  it('is, as a state, what the fold of the chat says', async () => {
    const times = chatEvents.map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
    for (const at of [times[300], times[900], times.at(-1)] as number[]) {
      const folder = testFolder();
      await exporting(folder, { kind: 'state', at });
      const views = foldAt(at);
      expect(
        rows(folder, 'chats').map(({ chat_id, seq, title, member_count, message_count }) => [
          chat_id,
          seq,
          title,
          member_count,
          message_count,
        ]),
      ).toEqual(views.map((view) => [view.chatId, view.seq, view.title, view.members.size, view.messages.size]));
      const messages = views.flatMap((view) => [...view.messages.values()]);
      expect(
        rows(folder, 'messages').map(({ seq, message_id, text, deleted, rev, edited_at }) => [
          seq,
          message_id,
          text,
          deleted,
          rev,
          edited_at,
        ]),
      ).toEqual(
        messages.map(({ seq, messageId, text, deleted, rev, editedAt }) => [
          seq,
          messageId,
          text,
          deleted,
          rev,
          editedAt,
        ]),
      );
      const reactions = messages.flatMap(({ messageId, reactions: all }) =>
        all.flatMap(({ emoji, userIds }) => userIds.map((userId) => `${messageId} ${emoji} ${userId}`)),
      );
      const found = rows(folder, 'reactions').map(({ message_id, emoji, user_id }) =>
        [message_id, emoji, user_id].join(' '),
      );
      expect(found.toSorted()).toEqual(reactions.toSorted());
      const members = views.flatMap((view) =>
        [...view.members.values()].map(({ userId, role }) => `${view.chatId} ${userId} ${role}`),
      );
      expect(
        rows(folder, 'members')
          .map(({ chat_id, user_id, role }) => [chat_id, user_id, role].join(' '))
          .toSorted(),
      ).toEqual(members.toSorted());
    }
  });

  it('has no words where they are withheld', async () => {
    const folder = testFolder();
    await exporting(folder, { content: false, kind: 'state' });
    const words = rows(folder, 'messages').map(({ text }) => text);
    expect(new Set(words)).toEqual(new Set(['']));
  });
});

const byPlace = (a: ChatEvent, b: ChatEvent): number =>
  a.chatId === b.chatId ? a.seq - b.seq : a.chatId < b.chatId ? -1 : 1;
const linesOf = (folder: string, name: string): ChatEvent[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ChatEvent);
const rows = (folder: string, table: string): Record<string, unknown>[] =>
  linesOf(folder, `${table}-000001.ndjson`) as unknown as Record<string, unknown>[];

function foldAt(at: number): ChatView[] {
  const views = new Map<string, ChatView>();
  for (const event of chatEvents.toSorted(byPlace)) {
    if (Date.parse(event.at) > at) continue;
    const view = views.get(event.chatId) ?? emptyChat(event.chatId);
    views.set(event.chatId, applyEvent(view, event));
  }
  return [...views.values()];
}

describe('a folder', () => {
  it('shows one changed byte, wherever it is', async () => {
    const folder = testFolder();
    const manifest = await exporting(folder, { format: 'parquet', by: 'day' });
    for (const { name } of [...manifest.files, { name: MANIFEST }]) {
      const file = join(folder, name);
      const before = readFileSync(file);
      for (const place of [0, Math.floor(before.length / 2), before.length - 1]) {
        const changed = Buffer.from(before);
        changed[place] = (changed[place] as number) ^ 1;
        writeFileSync(file, changed);
        const read = parseManifest(readFileSync(join(folder, MANIFEST), 'utf8'));
        if (name === MANIFEST) expect(read).toBeNull();
        else expect(await compareFiles(folder, read?.files ?? [])).toEqual([{ name, what: 'changed' }]);
      }
      writeFileSync(file, before);
    }
    writeFileSync(join(folder, 'more'), '');
    rmSync(join(folder, manifest.files[0]?.name ?? ''));
    const whats = (await compareFiles(folder, manifest.files)).map(({ what }) => what);
    expect(whats).toEqual(['missing', 'unknown']);
  });

  it('with anything else in it is refused, and left as it is', async () => {
    const [done, begun, other] = [testFolder(), testFolder(), testFolder()];
    await exporting(done, {});
    await expect(exporting(done, {})).rejects.toMatchObject({ code: 'export-exists' });
    await expect(exporting(begun, { log: failingAfter(1) })).rejects.toThrow('cut off');
    await expect(exporting(begun, { format: 'csv' })).rejects.toMatchObject({ code: 'export-other' });
    writeFileSync(join(other, 'notes.txt'), 'mine');
    await expect(exporting(other, {})).rejects.toMatchObject({ code: 'export-other' });
    expect(readdirSync(other)).toEqual(['notes.txt']);
  });

  it('is one process’s at a time', async () => {
    const folder = testFolder();
    let second: Promise<unknown> = Promise.resolve();
    const meanwhile: EventLog = {
      ...log,
      readAll: async (page) => {
        second = exporting(folder, {});
        await expect(second).rejects.toMatchObject({ code: 'locked' });
        return log.readAll(page);
      },
    };
    const { files } = await exporting(folder, { log: meanwhile });
    await expect(second).rejects.toThrow('another export');
    expect(await compareFiles(folder, files)).toEqual([]);
  });

  it('is whole once its manifest is written, and the next run tidies what a kill has left', async () => {
    const [folder, request] = [testFolder(), join('.export', 'request.json')];
    await expect(exporting(folder, { log: failingAfter(1) })).rejects.toThrow('cut off');
    const begun = readFileSync(join(folder, request));
    const manifest = await exporting(folder, {});
    const whole = bytesOf(folder);
    mkdirSync(join(folder, '.export'));
    writeFileSync(join(folder, request), begun);
    expect(await compareFiles(folder, manifest.files)).toEqual([]);
    await expect(exporting(folder, { format: 'csv' })).rejects.toMatchObject({ code: 'export-other' });
    expect(await exporting(folder, {})).toEqual(manifest);
    expect(bytesOf(folder)).toEqual(whole);
  });

  it('makes a finished file anew that was changed meanwhile', async () => {
    const [whole, cut] = [testFolder(), testFolder()];
    await exporting(whole, { by: 'chat' });
    await expect(exporting(cut, { by: 'chat', log: failingAfter(60) })).rejects.toThrow('cut off');
    const [first] = existingFiles(cut);
    writeFileSync(join(cut, first as string), 'something else');
    await exporting(cut, { by: 'chat' });
    expect(bytesOf(cut)).toEqual(bytesOf(whole));
  });
});

it('what was put aside and is not whole any more ends an export, and no row is lost in silence', async () => {
  const folder = testFolder();
  const options = { folder, encoder: () => expect.unreachable('nothing is written'), begin: {}, same: () => true };
  const first = await openExport(options);
  expect(await first.isAside()).toBe(false);
  await first.putAside('day', Buffer.from('{"row":1}\n{"row":2}\n'));
  await first.sealAside({ first: 1, last: 2 });
  await first.close();
  const file = join(folder, '.export', 'aside', 'day');
  truncateSync(file, statSync(file).size - 3);
  const second = await openExport(options);
  expect(await second.isAside()).toBe(true);
  const read: string[] = [];
  const reading = async (): Promise<void> => {
    for await (const piece of second.readAside('day')) read.push(Buffer.from(piece).toString());
  };
  await expect(reading()).rejects.toMatchObject({ code: 'corrupt', temporary: false });
  expect(read).toEqual(['{"row":1}\n']);
  await second.close();
});
