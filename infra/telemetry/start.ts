import { ConfigError } from '../config.ts';
import { type Telemetry, untraced } from './telemetry.ts';

export interface TelemetryOptions {
  /** Where spans are sent, as OTLP over HTTP; null: nothing is traced, and nothing of OpenTelemetry is loaded. */
  readonly traces: string | null;
  readonly version: string;
  /** What tells the processes of a deployment apart, such as its roles. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly warn: (message: string) => void;
}

/** The versions that this was tested with: they are not installed with Hindsight, since most run without them. */
export const SDK_PACKAGES = {
  '@opentelemetry/sdk-trace-node': '2.7.1',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.1',
};
const SERVICE = 'hindsight';
const CLOSE_MS = 3_000;

const loadSdk = () =>
  Promise.all([import('@opentelemetry/sdk-trace-node'), import('@opentelemetry/exporter-trace-otlp-http')]);

/** Throws `ConfigError` where traces are asked for and the packages for them are not installed. */
export async function startTelemetry(options: TelemetryOptions, load = loadSdk): Promise<Telemetry> {
  const { traces, version, attributes = {}, warn } = options;
  if (traces === null) return untraced;
  const [sdk, otlp] = await load().catch(notInstalled);
  const { diag, DiagLogLevel } = await import('@opentelemetry/api');
  const { tracedBy } = await import('./tracing.ts');
  const ignore = (): void => undefined;
  const tell = (message: string): void => warn(`traces: ${message}`);
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const provider = new sdk.NodeTracerProvider({
    resource: resourceOf({ 'service.name': SERVICE, 'service.version': version, ...attributes }),
    spanProcessors: [new sdk.BatchSpanProcessor(new otlp.OTLPTraceExporter({ url: traces }))],
  });
  provider.register();
  return tracedBy(provider.getTracer(SERVICE, version), () => within(CLOSE_MS, provider.shutdown(), tell));
}

function notInstalled(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const packages = Object.entries(SDK_PACKAGES).map(([name, version]) => `${name}@${version}`);
  throw new ConfigError([`traces need two packages that are not installed: npm install ${packages.join(' ')}`]);
}

type Resource = Exclude<
  NonNullable<ConstructorParameters<typeof import('@opentelemetry/sdk-trace-node').NodeTracerProvider>[0]>['resource'],
  undefined
>;

/** What `@opentelemetry/resources` would make, without that package: what it has is told, and never changes. */
function resourceOf(attributes: Record<string, string>): Resource {
  const resource: Resource = { attributes, merge: () => resource, getRawAttributes: () => Object.entries(attributes) };
  return resource;
}

/** A collector that does not answer must not keep a process from ending. */
async function within(ms: number, work: Promise<void>, tell: (message: string) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, late]);
  } catch (error) {
    tell(`the last spans were not handed over: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}
