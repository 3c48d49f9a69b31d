import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../../bin/package-root.ts';
import { ConfigError } from '../../../infra/config.ts';
import { SDK_PACKAGES, startTelemetry } from '../../../infra/telemetry/start.ts';
import { untraced } from '../../../infra/telemetry/telemetry.ts';
import { startCollector } from '../../support/collector.ts';

const silent = (): void => undefined;

test('off, it is what costs nothing', async () => {
  expect(await startTelemetry({ traces: null, version: '1', warn: silent })).toBe(untraced);
});

test('asked for without its packages, it says what to install', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const started = startTelemetry({ traces: 'http://127.0.0.1:1', version: '1', warn: silent }, async () => {
    throw missing;
  });
  await expect(started).rejects.toThrow(ConfigError);
  await expect(started).rejects.toThrow(
    /npm install @opentelemetry\/sdk-trace-node@\d\S+ @opentelemetry\/exporter-trace-otlp-http@\d/,
  );
});

test('spans reach a collector over OTLP, with the name of the service and what tells its processes apart', async () => {
  const collector = await startCollector();
  const attributes = { 'hindsight.roles': 'gateway' };
  const telemetry = await startTelemetry({ traces: collector.url, version: '1.2.3', attributes, warn: silent });
  telemetry.aroundOp?.({ name: 'send', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }, () => null);
  await telemetry.close();
  collector.close();
  const resource = { 'service.name': 'hindsight', 'service.version': '1.2.3', ...attributes };
  expect(collector.spans()).toMatchObject([{ name: 'op send', traceId: 'a'.repeat(32), resource }]);
});

test('the versions that it asks to be installed are those that it was tested with', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  expect(devDependencies).toMatchObject(SDK_PACKAGES);
});
