import { timingSafeEqual } from 'node:crypto';
import { status as grpcStatus, type Metadata, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { callError } from './answers.ts';
import type { StandInContext } from './context.ts';

interface AnyCall {
  readonly metadata: Metadata;
  emit?(event: 'error', error: unknown): void;
}

/** The handlers, each behind the question for user and password where these were set. */
export function checked(
  { credentials }: StandInContext,
  handlers: UntypedServiceImplementation,
): UntypedServiceImplementation {
  if (credentials === null) return handlers;
  const expected = Buffer.from(`Basic ${Buffer.from(credentials).toString('base64')}`);
  const admitted = (call: AnyCall): boolean => {
    const given = Buffer.from(String(call.metadata.get('authorization')[0] ?? ''));
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const guarded = Object.entries(handlers).map(([name, handler]) => {
    const serve = handler as (call: AnyCall, done?: (error: unknown) => void) => void;
    return [
      name,
      (call: AnyCall, done?: (error: unknown) => void) => {
        if (admitted(call)) return serve(call, done);
        const refusal = callError(grpcStatus.UNAUTHENTICATED, 'Bad HTTP status code: 401');
        if (done) done(refusal);
        else call.emit?.('error', refusal);
      },
    ];
  });
  return Object.fromEntries(guarded) as UntypedServiceImplementation;
}
