import { describe, expect, it } from 'vitest';
import { deliveryPrefix } from '../../src/features/deliveries/announced.ts';
import { newId } from '../../src/platform/ids.ts';

describe('the id of a delivery', () => {
  const messageId = newId('msg', Date.parse('2026-11-22T12:00:00Z'));

  it('follows from the program and the message, and begins with the message’s time', () => {
    const prefix = deliveryPrefix('iqu', messageId);
    expect(prefix).toBe(deliveryPrefix('iqu', messageId));
    // With the three characters of a slot it is as long as any id.
    expect(prefix).toMatch(/^dlv_[0-9a-z]{23}$/);
    expect(prefix.slice(4, 14)).toBe(messageId.slice(4, 14));
  });

  it('is another one for the same message in another program', () => {
    expect(deliveryPrefix('iqu', messageId)).not.toBe(deliveryPrefix('uiq', messageId));
  });

  it('is the same for no two of 200,000 messages of one millisecond', () => {
    const ids = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      const id = newId('msg', 0);
      ids.add(deliveryPrefix('a', id));
      ids.add(deliveryPrefix('b', id));
    }
    expect(ids.size).toBe(200_000);
  });
});
