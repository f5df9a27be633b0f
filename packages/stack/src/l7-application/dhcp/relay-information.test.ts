import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { BROADCAST_FLAG, DhcpMessage, readMessage, writeMessage } from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { relayRequest } from './relay.ts';
import { circuitOf, relayInformation, withoutRelayInformation, withRelayInformation } from './relay-information.ts';
import { ip, mac } from './testing/server-talk.ts';

function discover(more: (message: DhcpMessage) => void = () => {}): Uint8Array {
  const message = new DhcpMessage();
  message.mac = mac(1);
  message.flags = BROADCAST_FLAG;
  message.options.messageType = MessageType.Discover;
  message.options.setText(Option.HostName, 'alice');
  more(message);
  return writeMessage(message);
}

const read = (bytes: Uint8Array): DhcpMessage => {
  const message = readMessage(bytes);
  if (typeof message === 'string') throw new Error(message);
  return message;
};

describe('relay agent information', () => {
  it('is the last option of what goes to the server, and is taken out of what comes back', () => {
    const bytes = discover();
    const told = withRelayInformation(bytes, relayInformation('eth0'), 1500);
    expect(read(told).options.codes()).toEqual([Option.MessageType, Option.HostName, Option.RelayAgentInformation]);
    expect(circuitOf(read(told).options.bytes(Option.RelayAgentInformation)!)).toBe('eth0');
    expect(withoutRelayInformation(told)).toEqual(bytes);
    expect(withoutRelayInformation(bytes)).toEqual(bytes);
  });

  it('grows a message that is full, up to what may be, and no further', () => {
    const bytes = discover((message) => message.options.set(200, new Uint8Array(60).fill(7)));
    const value = relayInformation('a-rather-long-name-of-an-interface');
    const told = withRelayInformation(bytes, value, 1500);
    expect(told.length).toBeGreaterThan(bytes.length);
    expect(read(told).options.bytes(200)!.length).toBe(60);
    expect(withRelayInformation(bytes, value, told.length)).toEqual(told);
    expect(withRelayInformation(bytes, value, told.length - 1)).toBe(bytes);
    // Without an End nobody knows where the options are over.
    const endless = bytes.slice(0, 300);
    endless.fill(Option.Pad, endless.indexOf(Option.End, 240));
    expect(withRelayInformation(endless, value, 1500)).toBe(endless);
  });

  it('of a client is refused; of another relay it stays as it is', () => {
    const forged = discover(({ options }) => options.set(Option.RelayAgentInformation, relayInformation('eth9')));
    expect(relayRequest(forged, read(forged), ip('10.0.2.1'), 4, 'eth0')).toMatch(/option 82/);
    const relayed = discover((message) => {
      message.giaddr = ip('10.0.7.1');
      message.options.set(Option.RelayAgentInformation, relayInformation('eth9'));
    });
    const further = relayRequest(relayed, read(relayed), ip('10.0.2.1'), 4, 'eth0') as Uint8Array;
    expect(circuitOf(read(further).options.bytes(Option.RelayAgentInformation)!)).toBe('eth9');
    expect(read(further).giaddr).toBe(ip('10.0.7.1'));
    // A BOOTP client has no room for more.
    const bootp = new DhcpMessage();
    bootp.mac = mac(1);
    const bytes = writeMessage(bootp);
    expect((relayRequest(bytes, read(bytes), ip('10.0.2.1'), 4, 'eth0') as Uint8Array).length).toBe(300);
  });

  it('survives any bytes', () => {
    const random = Random.from(3046);
    const value = relayInformation('eth0');
    const told = withRelayInformation(discover(), value, 1500);
    const bytes = new Uint8Array(told.length);
    for (let round = 0; round < 100_000; round++) {
      bytes.set(told);
      for (let i = 0; i < 3; i++) bytes[236 + random.below(told.length - 236)] = random.below(256);
      const part = bytes.subarray(0, round % 8 === 0 ? random.below(told.length) : told.length);
      expect(withoutRelayInformation(part).length <= part.length).toBe(true);
      withRelayInformation(part, value, 1500);
      circuitOf(part.subarray(240));
    }
    for (let end = 0; end <= value.length; end++) circuitOf(value.subarray(0, end));
  });
});
