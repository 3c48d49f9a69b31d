import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { traceparentOf } from '../../events/envelope.ts';

/** Further traces of one batch lack the span of this hop: a batch of thousands must not make thousands of spans. */
const SPANS_PER_BATCH_MAX = 128;

export interface SpanOf {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
}

/** The context that a `traceparent` names; the root where it names none. */
export const contextOf = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });

/** The trace that the caller is in, as a `traceparent`; undefined outside of one, and where it is not sampled. */
export function currentTrace(): string | undefined {
  const here = trace.getActiveSpan()?.spanContext();
  if (!here || (here.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return `00-${here.traceId}-${here.spanId}-01`;
}

/** Runs in a span of its own, at once; the span ends with what it answers. */
export function inSpan<T>(tracer: Tracer, { parent, ...of }: SpanOf & { parent?: Context }, run: () => T): T {
  const around = parent ?? context.active();
  const span = tracer.startSpan(of.name, options(of), around);
  return ended(
    () => context.with(trace.setSpan(around, span), run),
    (outcome) => end(span, outcome),
  );
}

/**
 * A batch is work for many traces at once. Its span belongs to the first of them and links to the others; each of the
 * others has one of its own, of the same length, that links back. Without any trace there is no span.
 */
export function startBatch(
  tracer: Tracer,
  events: Iterable<{ metadata: string } | null>,
  of: SpanOf,
): { within: Context; end(outcome: Ended): void } | null {
  const parents = parentsIn(events);
  if (parents.length === 0) return null;
  const [first, ...others] = parents.slice(0, SPANS_PER_BATCH_MAX) as [Context, ...Context[]];
  const attributes = { ...of.attributes, 'hindsight.batch.traces': parents.length };
  const carrier = tracer.startSpan(of.name, { ...options(of), attributes, links: others.flatMap(linkTo) }, first);
  const within = trace.setSpan(first, carrier);
  const links = linkTo(within);
  const spans = others.map((parent) => tracer.startSpan(of.name, { ...options(of), attributes, links }, parent));
  return {
    within,
    end(outcome) {
      for (const span of [carrier, ...spans]) end(span, outcome);
    },
  };
}

/** Runs in the span of a batch, where it has one. */
export function inBatch<T>(
  tracer: Tracer,
  { events, ...of }: SpanOf & { events: Iterable<{ metadata: string } | null> },
  run: () => T,
): T {
  const batch = startBatch(tracer, events, of);
  return batch ? ended(() => context.with(batch.within, run), batch.end) : run();
}

export type Ended = { value: unknown } | { error: unknown };

/** Says how a call ended, whenever that is, and answers what it answers. */
function ended<T>(run: () => T, tell: (outcome: Ended) => void): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    tell({ error });
    throw error;
  }
  if (!(result instanceof Promise)) {
    tell({ value: result });
    return result;
  }
  result.then(
    (value: unknown) => tell({ value }),
    (error: unknown) => tell({ error }),
  );
  return result;
}

/** Codes only: what an error says may quote what somebody wrote. */
function end(span: Span, outcome: Ended): void {
  if ('error' in outcome) {
    const { code, name } = (outcome.error ?? {}) as { code?: unknown; name?: unknown };
    fail(span, typeof code === 'string' ? code : String(name));
  } else {
    const { rejection, status } = (outcome.value ?? {}) as { rejection?: { code: string }; status?: unknown };
    if (rejection) reject(span, rejection.code);
    if (status === 'conflict') span.setAttribute('hindsight.conflict', true);
  }
  span.end();
}

const FAULTS = new Set(['internal', 'unavailable', 'unknown', 'busy', 'behind']);

/** A refusal is an answer like others, unless it is the server that could not. */
function reject(span: Span, code: string): void {
  span.setAttribute('hindsight.rejection', code);
  if (FAULTS.has(code)) fail(span, code);
}

export function fail(span: Span, message: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function parentsIn(events: Iterable<{ metadata: string } | null>): Context[] {
  const parents = new Map<string, Context>();
  for (const event of events) {
    const traceparent = event === null ? undefined : traceparentOf(event.metadata);
    if (traceparent === undefined || parents.has(traceparent)) continue;
    const parent = contextOf(traceparent);
    if (trace.getSpanContext(parent)) parents.set(traceparent, parent);
  }
  return [...parents.values()];
}

function linkTo(to: Context): Link[] {
  const spanContext = trace.getSpanContext(to);
  return spanContext ? [{ context: spanContext }] : [];
}

const options = ({ kind, attributes }: SpanOf): { kind: SpanKind; attributes?: Attributes } => ({
  kind,
  ...(attributes && { attributes }),
});
