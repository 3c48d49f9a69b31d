import type { Tracer } from '@opentelemetry/api';
import { traceCommands, traceFeed, traceGroup, traceStore, traceWriter } from './decorators.ts';
import { traceOp, traceRequests } from './edges.ts';
import { currentTrace } from './spans.ts';
import type { Telemetry } from './telemetry.ts';

/** Everything traced, with the spans of one tracer. */
export function tracedBy(tracer: Tracer, close: () => Promise<void>): Telemetry {
  return {
    trace: currentTrace,
    instrument: (app) => traceRequests(tracer, app),
    aroundOp: traceOp(tracer),
    commands: (commands) => traceCommands(tracer, commands),
    store: (store) => traceStore(tracer, store),
    writer: (writer, topic) => traceWriter(tracer, writer, topic),
    group: (group, name) => traceGroup(tracer, group, name),
    feed: (feed) => traceFeed(tracer, feed),
    close,
  };
}
