import type { LoggedEvent } from '../events/index.ts';
import { learningEvent } from './learning.ts';
import { RowWriter } from './rows.ts';

/** The document's own example, made whole: valid JSON, and two learners. */
const learners = [
  {
    ...{ id: '32ed16df-27cb-5f72-90ff-4eaf39346f86', source: 'course_completed' },
    ...{ timestamp: '2019-10-17T20:50:53.103Z', type: 'status_change', user: 'bob.johnson@school.example' },
    ...{
      companyId: '3aabdfb8-3891-5011-ad35-8e2351c5fdaf',
      notifiableId: '7670fdbe-15ed-504b-a680-d404fa4b0eb4',
    },
    title: 'New Student Orientation',
    userDetail: {
      ...{ id: '61149b2c-3f37-5032-be63-f5d984de10b6', firstName: 'Bob', lastName: 'Johnson' },
      ...{ externalCustomerId: '111222333444', sfContactId: null, sfAccountId: null },
      ...{
        client: '00f928f4-8718-5043-9164-32398b165c60',
        ref1: '111222333444',
        ref2: 'Department',
        ref3: '...',
      },
    },
  },
  {
    ...{ id: '9b0e2c4e-7f0e-5a3b-9c1d-2f6f0f6f2a10', source: 'course_completed' },
    ...{ timestamp: '2019-10-17T21:04:11.250Z', type: 'status_change', user: 'ana.sousa@school.example' },
    ...{
      companyId: '3aabdfb8-3891-5011-ad35-8e2351c5fdaf',
      notifiableId: '7670fdbe-15ed-504b-a680-d404fa4b0eb4',
    },
    title: 'New Student Orientation, "Fast Track"',
    userDetail: {
      ...{ id: '0d0f7f9a-53a1-5c0e-8c53-6f1a5f5b7a21', firstName: 'Ana', lastName: 'Sousa' },
      ...{ externalCustomerId: '555666777888', sfContactId: null, sfAccountId: null },
      ...{ client: '00f928f4-8718-5043-9164-32398b165c60', ref1: null, ref2: null, ref3: null },
    },
  },
];

/** A small valid file, as a night's would be. */
export function sampleFile(format: 'json' | 'csv'): string {
  const writer = new RowWriter(learningEvent, { programId: 'sample', format, guardFormulas: false });
  const rows = learners.map((data, i) => {
    const at = Date.parse(data.timestamp);
    const event: LoggedEvent = [
      ...[i + 1, data.id, '', learningEvent, data.id, data.user, null],
      ...[null, null, at, null, at],
    ] as LoggedEvent;
    return writer.write(event, JSON.stringify(data));
  });
  return format === 'csv' ? writer.header() + rows.join('') : `[\n${rows.join(',\n')}\n]\n`;
}
