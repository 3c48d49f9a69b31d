import { describe, expect, it } from 'vitest';
import { signedIn } from './client.ts';
import { CHAT, HEARTBEAT_MS, OTHER } from './fake-server.ts';

describe('the connection', () => {
  it('authenticates by subprotocol at the gateway that the session names', async () => {
    const { server, client } = await signedIn();
    expect(server.wire).toMatchObject({ url: 'ws://one/v1/ws', token: 'access-1' });
    expect(client.socket.state).toBe('open');
  });

  it('pings within the heartbeat, as long as it lasts', async () => {
    const { server, clock } = await signedIn();
    await clock.pass(HEARTBEAT_MS * 3);
    const pings = server.wire.frames.filter(({ op }) => op === 'ping');
    expect(pings.length).toBeGreaterThanOrEqual(3);
    expect(server.wires).toHaveLength(1);
  });

  it('comes back when a ping is not answered', async () => {
    const { server, clock, client } = await signedIn();
    server.answersPings = false;
    await clock.pass(HEARTBEAT_MS + 10_000);
    expect(server.wires.length).toBeGreaterThan(1);
    expect(server.wires[0]?.closed).toBe(1000);
    expect(client.socket.state).toBe('open');
  });

  it('comes back when nobody welcomes it', async () => {
    const { server, clock, client } = await signedIn();
    server.welcomes = false;
    server.wire.cut();
    await clock.pass(15_000);
    server.welcomes = true;
    await clock.pass(60_000);
    expect(client.socket.state).toBe('open');
    expect(server.wires.length).toBeGreaterThan(2);
  });

  it('does not wait for a browser that lets nobody connect there, and asks where else', async () => {
    const { server, clock, client } = await signedIn();
    server.welcomes = false;
    server.gatewayUrl = 'ws://two/v1/ws';
    server.wire.cut(4503);
    for (let tries = 1; tries < 4 && server.wire.url !== server.gatewayUrl; tries++) {
      await clock.pass(2_000);
      server.wire.block();
    }
    server.welcomes = true;
    await clock.pass(3_000);
    expect([client.socket.state, server.wire.url]).toEqual(['open', 'ws://two/v1/ws']);
  });

  it('backs off further with every failure, spread at random', async () => {
    const waits: number[][] = [];
    for (const seed of [1, 2]) {
      const { server, clock, client } = await signedIn({ seed });
      const own: number[] = [];
      client.socket.events.on('lost', ({ retryInMs }) => own.push(retryInMs));
      server.welcomes = false;
      server.wire.cut();
      await clock.pass(400_000);
      waits.push(own);
    }
    const [first = [], second = []] = waits;
    expect(first).not.toEqual(second);
    expect(Math.max(...first)).toBeLessThanOrEqual(20_000);
    expect(Math.max(...first.slice(6))).toBeGreaterThan(Math.max(...first.slice(0, 2)));
  });

  it('4401: renews the token, then comes back with the new one', async () => {
    const { server, clock, client } = await signedIn();
    server.refused.add('access-1');
    server.wire.cut(4401);
    await clock.pass(5_000);
    expect(server.wire.token).toBe('access-2');
    expect(client.socket.state).toBe('open');
  });

  it('4401 and no renewal: the session has ended', async () => {
    const { server, clock, client } = await signedIn();
    const stops: string[] = [];
    client.socket.events.on('stopped', (why) => stops.push(why));
    server.refreshRefused = true;
    server.wire.cut(4401);
    await clock.pass(60_000);
    expect(stops).toEqual(['signed-out']);
    expect(client.session.user).toBeNull();
    expect(server.wires).toHaveLength(1);
  });

  it.each([
    [4409, 'replaced'],
    [4403, 'forbidden'],
  ])('%i: stays away', async (code, reason) => {
    const { server, clock, client } = await signedIn();
    const stops: string[] = [];
    client.socket.events.on('stopped', (why) => stops.push(why));
    server.wire.cut(code);
    await clock.pass(120_000);
    expect(stops).toEqual([reason]);
    expect(server.wires).toHaveLength(1);
  });

  it('4429: waits longer; 4503: comes back soon', async () => {
    const { server, clock, client } = await signedIn();
    const waits: number[] = [];
    client.socket.events.on('lost', ({ retryInMs }) => waits.push(retryInMs));
    server.wire.cut(4503);
    await clock.pass(30_000);
    server.wire.cut(4429);
    await clock.pass(60_000);
    expect(waits[0]).toBeLessThan(1_000);
    expect(waits[1]).toBeGreaterThanOrEqual(5_000);
    expect(client.socket.state).toBe('open');
  });

  it('moves to another gateway within the time given, and stays there', async () => {
    const { server, clock } = await signedIn();
    server.wire.push({ ev: 'moved', url: 'ws://two/v1/ws', afterMs: 10_000 });
    await clock.pass(10_000);
    expect(server.wire.url).toBe('ws://two/v1/ws');
    server.wire.cut();
    await clock.pass(20_000);
    expect(server.wires.map(({ url }) => url)).toEqual(['ws://one/v1/ws', 'ws://two/v1/ws', 'ws://two/v1/ws']);
  });

  it('leaves the old connection only when the new one has answered and nothing is owed on the old one', async () => {
    const { server, clock, client, seen } = await signedIn();
    const [old] = server.wires;
    const held: (() => void)[] = [];
    server.intercept = (wire, { id, op }) => {
      if (wire !== old || op !== 'read') return false;
      held.push(() => wire.push({ id, ok: true }));
      return true;
    };
    const asked = client.commands.read(CHAT, 1);
    server.wire.push({ ev: 'moved', url: 'ws://two/v1/ws', afterMs: 1_000 });
    await clock.pass(1_000);
    expect(server.wires.map(({ url }) => url)).toEqual(['ws://one/v1/ws', 'ws://two/v1/ws']);
    server.say('while both are open');
    expect([old?.closed, client.socket.state]).toEqual([null, 'open']);
    for (const answer of held) answer();
    await asked;
    await client.commands.read(CHAT, 2);
    expect(old?.closed).toBe(1000);
    server.say('after');
    expect(seen.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('what is still owed on an old connection after a while is given up, to be sent again', async () => {
    const { server, clock, client } = await signedIn();
    const [old] = server.wires;
    server.intercept = (wire, { op }) => wire === old && op === 'read';
    const asked = client.commands.read(CHAT, 1);
    const refused = expect(asked).rejects.toMatchObject({ code: 'disconnected', retryable: true });
    server.wire.push({ ev: 'moved', url: 'ws://two/v1/ws', afterMs: 0 });
    await clock.pass(12_000);
    await refused;
    expect(old?.closed).toBe(1000);
  });

  it('stays where it is while the other gateway does not answer, and goes there once it is closed', async () => {
    const { server, clock, client } = await signedIn();
    const [old] = server.wires;
    server.welcomes = false;
    server.wire.push({ ev: 'moved', url: 'ws://two/v1/ws', afterMs: 1_000 });
    await clock.pass(2_000);
    server.wire.cut();
    expect([client.socket.state, old?.closed]).toEqual(['open', null]);
    server.welcomes = true;
    old?.cut(4410);
    await clock.pass(1_000);
    expect([client.socket.state, server.wire.url]).toEqual(['open', 'ws://two/v1/ws']);
  });

  it('is not put off when the old connection ends first, for whatever reason', async () => {
    for (const code of [4409, 4410, 1006]) {
      const { server, clock, client } = await signedIn();
      const [old] = server.wires;
      server.welcomes = false;
      server.wire.push({ ev: 'moved', url: 'ws://two/v1/ws', afterMs: 0 });
      await clock.pass(0);
      const next = server.wire;
      old?.cut(code);
      expect(client.socket.state).toBe('connecting');
      next.push(server.welcome());
      await clock.pass(100);
      expect([client.socket.state, server.wires.length]).toEqual(['open', 2]);
    }
  });

  it('sent to and fro it goes slower with every time', async () => {
    const { server, clock } = await signedIn();
    for (let i = 0; i < 20; i++) {
      server.wire.push({ ev: 'moved', url: `ws://gateway-${i}/v1/ws`, afterMs: 0 });
      await clock.pass(100);
    }
    expect(server.wires.length).toBeLessThan(10);
  });

  it('renews its token ahead of time and tells the open socket', async () => {
    const { server, clock } = await signedIn();
    await clock.pass(server.tokenLifeMs * 0.8);
    expect(server.sessions).toBe(2);
    expect(server.wires).toHaveLength(1);
    expect(server.wire.frames.find(({ op }) => op === 'auth')).toMatchObject({ accessToken: 'access-2' });
  });

  it('rejects what was asked when the connection is lost, and what is asked while there is none', async () => {
    const { server, client } = await signedIn();
    server.intercept = () => true;
    const asked = client.socket.request('ping');
    server.wire.cut();
    await expect(asked).rejects.toMatchObject({ code: 'disconnected', retryable: true });
    await expect(client.socket.request('ping')).rejects.toMatchObject({ code: 'offline', retryable: true });
  });

  it('leaves something that speaks another language, and comes back', async () => {
    const { server, clock, client } = await signedIn();
    server.wire.pushText('<html>captive portal</html>');
    await clock.pass(30_000);
    expect(server.wires).toHaveLength(2);
    expect(client.socket.state).toBe('open');
  });

  it('gives an error answer its code', async () => {
    const { server, client } = await signedIn();
    const error = { code: 'direct-chat', message: 'not in a direct chat', retryable: false };
    server.intercept = (wire, { id }) => {
      wire.push({ id, ok: false, error });
      return true;
    };
    await expect(client.commands.read(OTHER, 1)).rejects.toMatchObject({ code: 'direct-chat', retryable: false });
  });
});
