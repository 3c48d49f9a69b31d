import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { VerbFailed } from '../../bin/cli/io.ts';
import { httpAdmin } from '../../bin/cli/projections/http-admin.ts';

test.each([
  ['is killed before it answers', ''],
  ['is killed in the middle of an answer', '{"projections": ['],
])('a server that %s is told of in words', async (_, answer) => {
  const server = createServer((request, response) => {
    if (answer === '') request.destroy();
    else response.writeHead(200, { 'content-length': 1_000 }).write(answer, () => request.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const admin = httpAdmin({ http: `http://127.0.0.1:${port}`, token: 'a', reason: undefined });
  const told = { code: 'unavailable', message: expect.stringContaining(`127.0.0.1:${port} does not answer any more`) };
  for (const asked of [() => admin.list(), () => admin.rebuild('users')]) {
    const failed = await asked().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(VerbFailed);
    expect(failed).toMatchObject(told);
  }
  server.close();
  await once(server, 'close');
  await expect(admin.job('one')).rejects.toMatchObject(told);
});
