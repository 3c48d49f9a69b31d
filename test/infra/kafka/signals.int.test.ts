import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Signal } from '../../../gateway/signals/port.ts';
import { SIGNAL_MAX_AGE_MS } from '../../../gateway/signals/port.ts';
import type { KafkaConnection } from '../../../infra/kafka/connection.ts';
import { createSender } from '../../../infra/kafka/sender.ts';
import { createKafkaSignals, type KafkaSignals } from '../../../infra/kafka/signals.ts';
import { CONTRACT_SIGNAL_SLOTS, signalsContract } from '../../contracts/signals.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { broker, type FreshTopic, freshTopic, openKafka } from './world.ts';

const SLOTS = CONTRACT_SIGNAL_SLOTS;
const USER = '01JD0000000000000000000001';
const online: Signal = { kind: 'presence', userId: USER, online: true };
const typing: Signal = { kind: 'typing', chatId: '01JD0000000000000000000002', userId: USER, to: [USER, USER] };
const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 20_000, interval: 10 });

let place: FreshTopic;
let proxy: TcpProxy;
let connection: KafkaConnection;
const open: KafkaSignals[] = [];

beforeEach(async () => {
  place = await freshTopic(SLOTS);
  proxy = await createTcpProxy(broker());
  connection = openKafka({ proxy });
});
afterEach(async () => {
  proxy.heal();
  await Promise.all(open.splice(0).map((signals) => signals.close()));
  await connection.close();
  await proxy.close();
  await place.drop();
});

function gateway(clock: () => number = Date.now) {
  const { topic, prefix } = place;
  const signals = createKafkaSignals(connection, { topic, slots: SLOTS, groupPrefix: `${prefix}signals`, clock });
  open.push(signals);
  const got: [number, Signal][] = [];
  const stop = signals.receive((slot, signal) => got.push([slot, signal]));
  const run = signals.run();
  run.catch(() => undefined); // looked at by whoever wants to
  return { signals, got, stop, run };
}

signalsContract('Kafka', async () => ({
  async gateway(slots) {
    const { signals } = gateway();
    if (slots.length > 0) await signals.follow(slots);
    return signals;
  },
  close: async () => undefined,
}));

test('what is late, and what is no signal, is dropped and counted', async () => {
  let skewMs = 0;
  const [now, later] = [gateway(() => Date.now() - skewMs), gateway()];
  await later.signals.follow([0]);
  skewMs = SIGNAL_MAX_AGE_MS + 1_000;
  now.signals.send(0, typing);
  await createSender(connection, { topic: place.topic, acks: 1 }).send([
    { partition: 0, value: '{"kind":"presence"' },
    { partition: 0, value: '{"kind":"other"}' },
  ]);
  skewMs = 0;
  now.signals.send(0, online);
  await until(() => expect(later.got).toEqual([[0, online]]));
  expect(later.signals.dropped()).toBe(3);
});

test('sending neither waits nor throws while brokers are away; later signals arrive again', async () => {
  const [sender, receiver] = [gateway(), gateway()];
  await receiver.signals.follow([0]);
  sender.signals.send(0, online);
  await until(() => expect(receiver.got).toHaveLength(1));
  proxy.cut();
  for (let n = 0; n < 20_000; n++) sender.signals.send(0, typing);
  expect(sender.signals.dropped()).toBeGreaterThan(10_000);
  proxy.heal();
  await until(() => {
    sender.signals.send(0, online);
    expect(receiver.got.at(-1)).toEqual([0, online]);
    expect(receiver.got.length).toBeGreaterThan(1);
  });
});

test('its run ends when it is closed', async () => {
  const { signals, run } = gateway();
  await signals.follow([0]);
  await signals.close();
  await expect(run).resolves.toBeUndefined();
  signals.send(0, online);
  expect(signals.dropped()).toBe(1);
});
