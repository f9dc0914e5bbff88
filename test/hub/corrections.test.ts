import { inject, it } from 'vitest';
import { newProgram } from '../support/client.ts';
import { correctFile } from '../support/corrections.ts';

it('a report of 2,000 errors is whole, and corrected and dropped again it is a correction', async () => {
  await correctFile(await newProgram(inject('hubUrl')), 2_000, 50, 30);
});
