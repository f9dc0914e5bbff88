import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { signedIn, textOf, verdictOf } from '../support/browser.ts';
import { type Call, caller, expectStatus, localSystemKey } from '../support/client.ts';

// The relay as a container of the platform; one on a host of its own is in test/hub/relay-page.test.ts and
// exports.test.ts, a hub without any in production.test.ts.

describe('a relay that runs as a container of the platform', () => {
  let hub: Hub;
  let system: Call;
  beforeAll(async () => {
    // No container engine runs here: one that is called cannot start.
    hub = await startHub({ vars: { RELAY_URL: '' } });
    system = caller(hub.url, localSystemKey);
  });
  afterAll(() => hub?.stop());

  it('is not woken by the minute, nor by a page', async () => {
    expectStatus(await system('POST', '/dev/sweep'), 200);
    const { body } = expectStatus(await system('GET', '/api/system/relay'), 200);
    expect(body).toMatchObject({ runs: 'container', state: null, askedAt: null });
    expect(body).toMatchObject({ version: null, lastAnswerAt: null, contacts: [] });
    const { html } = await (await signedIn(hub.url)).get('/hub/system');
    const text = textOf(html);
    expect(text).toContain('It runs as a container of the platform, which sleeps while nothing is sent');
    expect(html).toContain('<a href="?relay=ask">Ask it now</a>');
    expect(text).toContain('Version not heard yet');
    expect(text).toContain('Last answer none yet');
    expect(text).toContain('None yet. Each transfer and each look at a host’s keys is one');
    expect(verdictOf(html)).not.toContain('relay');
    expect(hub.lines.join('\n')).not.toContain('relay.unreachable');
  });

  it('is asked when told, once for the page, and how that went is said', async () => {
    const { html } = await (await signedIn(hub.url)).get('/hub/system?relay=ask');
    const text = textOf(html);
    expect(text).toContain('Runs as a container of the platform');
    expect(text).toContain('State does not answer within two seconds');
    expect(verdictOf(html)).toContain('The SFTP relay takes nothing');
    // A page that asked again and again would never let it rest.
    expect(html).not.toMatch(/<hub-live[^>]* every=/);
    const asked = expectStatus(await system('GET', '/api/system/relay?ask=true'), 200).body;
    expect(asked).toMatchObject({ runs: 'container', state: 'unreachable', contacts: [] });
  });
});
