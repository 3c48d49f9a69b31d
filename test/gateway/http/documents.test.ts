import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHarness, type Harness } from './harness.ts';

const run = promisify(execFile);
let h: Harness;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hindsight-docs-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>');
  writeFileSync(join(folder, 'app-Ab12Cd34.js'), 'export {};');
  writeFileSync(join(folder, '.env'), 'SECRET=1');
  h = await createHarness({ http: { asyncapi: () => ({ asyncapi: '3.0.0' }), webRoot: folder } });
});
afterAll(async () => {
  await h.close();
  rmSync(folder, { recursive: true, force: true });
});

const openapi = async () => (await h.app.inject({ url: '/openapi.json' })).json();

describe('/openapi.json', () => {
  it('passes a linter that is not ours without an error', async () => {
    const file = join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(await openapi()));
    const redocly = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js');
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const { stdout } = await run(process.execPath, [redocly, 'lint', file, '--extends=recommended', '--format=json'], {
      env,
      cwd: folder,
    }).catch((failed: { stdout: string }) => failed);
    const report = JSON.parse(stdout.slice(stdout.indexOf('{')));
    expect(
      report.problems.map((problem: { ruleId: string; message: string }) => `${problem.ruleId}: ${problem.message}`),
    ).toEqual([]);
    expect(report.totals.errors).toBe(0);
  }, 60_000);

  it('describes every path of the contract', async () => {
    const { paths, openapi: version } = await openapi();
    expect(version).toMatch(/^3\.1/);
    const operations = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.toSorted()).toEqual(
      [
        'POST /v1/users', 'GET /v1/users', 'GET /v1/users/{userId}', 'POST /v1/sessions', 'POST /v1/sessions/refresh',
        'DELETE /v1/sessions/current', 'GET /v1/me', 'PATCH /v1/me', 'PUT /v1/me/password', 'GET /v1/chats', 'POST /v1/chats',
        'GET /v1/chats/{chatId}', 'PATCH /v1/chats/{chatId}', 'GET /v1/chats/{chatId}/members',
        'PUT /v1/chats/{chatId}/members/{userId}', 'DELETE /v1/chats/{chatId}/members/{userId}',
        'GET /v1/chats/{chatId}/messages', 'POST /v1/chats/{chatId}/messages',
        'PATCH /v1/chats/{chatId}/messages/{messageId}', 'DELETE /v1/chats/{chatId}/messages/{messageId}',
        'PUT /v1/chats/{chatId}/messages/{messageId}/reactions/{emoji}',
        'DELETE /v1/chats/{chatId}/messages/{messageId}/reactions/{emoji}',
        'GET /v1/chats/{chatId}/messages/{messageId}/versions', 'GET /v1/chats/{chatId}/messages/{messageId}/reactions',
        'GET /v1/chats/{chatId}/diff', 'GET /v1/chats/{chatId}/events', 'GET /v1/chats/{chatId}/receipts',
        'PUT /v1/chats/{chatId}/receipts', 'GET /v1/events', 'GET /v1/ops/projections',
        ...['rebuild', 'verify', 'pause', 'resume', 'cancel', 'rollback', 'drop'].map(
          (action) => `POST /v1/ops/projections/{name}/${action}`,
        ),
        'GET /v1/ops/jobs', 'GET /v1/ops/log', 'POST /v1/ops/chats/{chatId}/repair', 'GET /v1/ops/parked',
        ...['retry', 'skip'].map((action) => `POST /v1/ops/parked/{view}/{key}/${action}`),
        'GET /v1/ops/jobs/{jobId}', 'GET /healthz', 'GET /readyz', 'GET /startupz', 'GET /livez',
      ].toSorted(),
    ); // biome-ignore format: a list
  });
});

describe('pages', () => {
  it('come from this server alone', async () => {
    const page = await h.app.inject({ url: '/docs/' });
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/(src|href)="https?:/);
    expect(page.headers['content-security-policy']).toMatch(/script-src 'self';/);
    expect((await h.app.inject({ url: '/docs/static/swagger-ui-bundle.js' })).statusCode).toBe(200);
    expect((await h.app.inject({ url: '/asyncapi.json' })).json()).toEqual({ asyncapi: '3.0.0' });
  });

  it('serve the console and nothing beside it', async () => {
    const page = await h.app.inject({ url: '/' });
    expect([page.statusCode, page.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect((await h.app.inject({ url: '/app-Ab12Cd34.js' })).headers['cache-control']).toContain('immutable');
    for (const url of ['/.env', '/../package.json', '/%2e%2e/package.json', '/..%5cpackage.json']) {
      const outside = await h.app.inject({ url });
      expect([url, outside.headers['content-type'], outside.statusCode >= 400]).toEqual([
        url,
        'application/problem+json; charset=utf-8',
        true,
      ]);
    }
  });
});

describe('health', () => {
  it('is told without a token', async () => {
    expect((await h.app.inject({ url: '/livez' })).json()).toEqual({ status: 'ok', version: '0.1.0' });
    expect((await h.app.inject({ url: '/readyz' })).json()).toEqual({
      status: 'ok',
      checks: { started: true, log: true },
    });
    const metrics = await h.app.inject({ url: '/metrics' });
    expect(metrics.body).toContain(
      'http_request_duration_seconds_count{method="GET",route="/livez",status_code="200"}',
    );
  });

  it('says which part fails', async () => {
    const sick = await createHarness({
      http: { health: { started: () => true, checks: () => ({ log: true, views: false }) } },
    });
    const ready = await sick.app.inject({ url: '/readyz' });
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { status: 'failing', checks: { started: true, log: true, views: false } },
    ]);
    expect((await sick.app.inject({ url: '/livez' })).statusCode).toBe(200);
    await sick.close();
  });
});
