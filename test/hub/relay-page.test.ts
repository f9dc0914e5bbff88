import { describe, expect, inject, it } from 'vitest';
import { signedIn, textOf, verdictOf } from '../support/browser.ts';
import { type Body, caller, expectStatus, localSystemKey, newProgram } from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

describe('the SFTP relay', () => {
  it('is asked with a signature, and says how it is', async () => {
    const { body } = expectStatus(await system('GET', '/api/system/relay'), 200);
    expect(body).toMatchObject({
      ...{ runs: 'host', state: 'answers', detail: null, fixed: true },
      ...{ addresses: ['203.0.113.7', '2001:db8::7'], limit: expect.any(Number) },
    });
    expect(body.transfers).toBeLessThanOrEqual(body.limit);
    const untold = expectStatus(await system('GET', '/api/system/relay?ask=false'), 200).body;
    expect(untold).toMatchObject({ runs: 'host', state: null, askedAt: null, addresses: [] });
  });

  it('says its version and when it last answered, of the files and probes and of a look every five minutes', async () => {
    expectStatus(await system('POST', '/dev/sweep'), 200);
    const { body } = expectStatus(await system('GET', '/api/system/relay?ask=false'), 200);
    expect(body.version).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    const answered = body.contacts.find(({ outcome }: Body) => outcome === 'answered');
    expect(answered).toMatchObject({ detail: null, version: body.version });
    expect(body.lastAnswerAt).toBe(answered.until);
    const text = textOf((await (await signedIn(url)).get('/hub/system')).html);
    expect(text).toContain(`Version ${body.version}`);
    expect(text).toMatch(/Last answer \d+ \w+ \d{4}, /);
    expect(text).toContain('Its latest contacts with the hub; a line each time that its answers change');
  });

  it('is on the operator’s page with what it answered', async () => {
    const { html } = await (await signedIn(url)).get('/hub/system');
    const text = textOf(html);
    expect(text).toContain('State answers');
    expect(text).toMatch(/Transfers under way \d+ of \d+ at once/);
    expect(text).toContain('Leaves from 203.0.113.7, 2001:db8::7');
    expect(verdictOf(html)).not.toContain('relay');
  });
});

describe('the page of exports', () => {
  it('names the addresses for allow-lists, each to copy', async () => {
    const program = await newProgram(url);
    const visitor = await signedIn(url, await program.keyWith('read'));
    const { html } = await visitor.get(`/p/${program.programId}/exports`);
    expect(textOf(html)).toContain('Files come from these addresses, and from no other:');
    expect(html).toContain('<code class="copyable">203.0.113.7</code>');
    expect(html).toContain('aria-label="Copy the address 2001:db8::7"');
  });
});
