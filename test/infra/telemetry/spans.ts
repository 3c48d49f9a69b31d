import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { Telemetry } from '../../../infra/telemetry/telemetry.ts';
import { tracedBy } from '../../../infra/telemetry/tracing.ts';

export interface RecordedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentId: string | null;
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, unknown>;
  /** The code with which it failed. */
  failed: string | null;
}

export interface SpanRecorder {
  readonly telemetry: Telemetry;
  /** Those that have ended, in the order in which they did. */
  spans(): RecordedSpan[];
  named(name: string): RecordedSpan[];
  clear(): void;
}

const ERROR_STATUS = 2;

/** Everything traced, into memory. OpenTelemetry's context is the process's own: one recorder for each test file. */
export function recordSpans(): SpanRecorder {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const spans = (): RecordedSpan[] =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId ?? null,
      links: span.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId })),
      attributes: span.attributes,
      failed: span.status.code === ERROR_STATUS ? (span.status.message ?? '') : null,
    }));
  return {
    telemetry: tracedBy(provider.getTracer('test'), () => provider.shutdown()),
    spans,
    named: (name) => spans().filter((span) => span.name === name),
    clear: () => exporter.reset(),
  };
}
