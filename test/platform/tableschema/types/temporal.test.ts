import { describe, expect, it } from 'vitest';
import { cellReader, refusals } from '../build.ts';

describe('a date', () => {
  const read = cellReader({ type: 'date' });

  it.each(['2024-01-26', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31', '1582-10-10'])(
    '%j is one',
    (cell) => {
      expect(read(cell)).toEqual({ value: cell });
    },
  );

  it.each([
    ['2024-02-31', 'no_such_date'],
    ['2023-02-29', 'no_such_date'],
    ['1900-02-29', 'no_such_date'],
    ['2024-04-31', 'no_such_date'],
    ['2024-13-01', 'no_such_date'],
    ['2024-00-10', 'no_such_date'],
    ['2024-01-00', 'no_such_date'],
    ['0000-01-01', 'no_such_date'],
    ['2024-1-5', 'not_a_date'],
    ['20240126', 'not_a_date'],
    ['2024/01/26', 'not_a_date'],
    ['2024-01-26T00:00:00', 'not_a_date'],
    ['2024-01-26Z', 'not_a_date'],
    ['-024-01-26', 'not_a_date'],
    ['2024-01-2x', 'not_a_date'],
  ])('%j is none: %s', (cell, code) => {
    expect(read(cell)).toEqual({ codes: [code] });
  });

  it('reads any form that can be read in one way only', () => {
    const any = cellReader({ type: 'date', format: 'any' });
    for (const cell of [
      '2024-01-26',
      '2024/1/26',
      '2024.01.26',
      '20240126',
      '26 Jan 2024',
      '26-JAN-2024',
      'January 26, 2024',
      'Jan. 26 2024',
      '26/1/2024',
      '1/26/2024',
      '26.01.2024',
    ]) {
      expect(any(cell)).toEqual({ value: '2024-01-26' });
    }
    expect(any('5/5/2024')).toEqual({ value: '2024-05-05' });
    expect(any('3/4/2024')).toEqual({ codes: ['date_ambiguous'] });
    expect(any('31/2/2024')).toEqual({ codes: ['no_such_date'] });
    for (const cell of ['26 Foo 2024', '2024-01/26', '26/1/24', 'today']) {
      expect(any(cell)).toEqual({ codes: ['not_a_date'] });
    }
  });
});

describe('a strptime pattern', () => {
  it.each([
    ['date', '%d/%m/%Y', '26/01/2024', '2024-01-26'],
    ['date', '%d/%m/%Y', '6/1/2024', '2024-01-06'],
    ['date', 'fmt:%d.%m.%y', '26.01.24', '2024-01-26'],
    ['date', '%y%m%d', '690101', '1969-01-01'],
    ['date', '%d %b %Y', '26 jAN 2024', '2024-01-26'],
    ['date', '%A, %B %d, %Y', 'Friday, January 26, 2024', '2024-01-26'],
    ['date', '%Y-%j', '2024-366', '2024-12-31'],
    ['date', '%F', '2024-01-26', '2024-01-26'],
    ['date', '%d%%%m%%%Y', '26%01%2024', '2024-01-26'],
    ['time', '%H:%M', '15:04', '15:04:00'],
    ['time', '%I:%M %p', '12:05 am', '00:05:00'],
    ['time', '%I:%M %p', '12:05 PM', '12:05:00'],
    ['datetime', '%d/%m/%Y %H:%M:%S', '12/11/2018 09:15:32', '2018-11-12T09:15:32'],
    ['datetime', '%Y-%m-%d %T.%f', '2024-01-26 15:00:00.120', '2024-01-26T15:00:00.12'],
    ['datetime', '%Y-%m-%d %H:%M %z', '2024-01-26 23:30 -0530', '2024-01-27T05:00:00Z'],
    ['datetime', '%Y-%m-%dT%H:%M:%S%z', '2024-01-26T15:00:00Z', '2024-01-26T15:00:00Z'],
    ['datetime', '%Y-%m-%d %H:%M %Z', '2024-01-26 15:00 GMT', '2024-01-26T15:00:00Z'],
  ])('reads a %s as %s', (type, format, cell, value) => {
    expect(cellReader({ type, format })(cell)).toEqual({ value });
  });

  it.each([
    ['date', '%d/%m/%Y', '31/02/2024', 'no_such_date'],
    ['date', '%d/%m/%Y', '2024-01-26', 'not_a_date'],
    ['date', '%d/%m/%Y', '26/01/2024 ', undefined],
    ['date', '%d/%m/%Y', '26/01/2024x', 'not_a_date'],
    ['date', '%d %b %Y', '26 Jun. 2024', 'not_a_date'],
    ['date', '%Y-%j', '2023-366', 'no_such_date'],
    ['time', '%I:%M %p', '13:05 PM', 'no_such_time'],
    ['time', '%H:%M:%S', '23:59:60', 'no_such_time'],
    ['datetime', '%Y-%m-%d %H', '2024-01-26 24', 'no_such_date'],
    ['datetime', '%Y-%m-%d %H:%M %z', '2024-01-26 15:00 +9', 'not_a_datetime'],
  ])('as a %s (%s) reads %j with %s', (type, format, cell, code) => {
    const result = cellReader({ type, format })(cell);
    if (code === undefined) expect(result).toHaveProperty('value');
    else expect(result).toEqual({ codes: [code] });
  });

  it.each([
    ['date', '%Y-%m-%q'],
    ['date', '%Y-%m'],
    ['date', '%Y-%m-%d %H:%M'],
    ['date', '%Y-%m-%m'],
    ['date', '%Y-%y-%m-%d'],
    ['date', 'YYYY-MM-DD'],
    ['date', '%Y-%m-%d%'],
    ['time', '%I:%M'],
    ['time', '%H:%M %z'],
    ['time', '%M:%S'],
    ['time', '%H:%S'],
    ['datetime', '%H:%M:%S'],
    ['datetime', '%G-W%V-%u'],
  ])('that cannot be right for a %s is refused: %s', (type, format) => {
    expect(refusals({ fields: [{ name: 'x', type, format }] })).toEqual(['fields[0].format format_unknown']);
  });
});

describe('a time', () => {
  const read = cellReader({ type: 'time' });

  it.each(['00:00:00', '15:04:59', '23:59:59'])('%j is one', (cell) => {
    expect(read(cell)).toEqual({ value: cell });
  });

  it.each([
    ['24:00:00', 'no_such_time'],
    ['23:60:00', 'no_such_time'],
    ['23:59:60', 'no_such_time'],
    ['9:00:00', 'not_a_time'],
    ['15:04', 'not_a_time'],
    ['15:04:05.5', 'not_a_time'],
    ['15:04:05Z', 'not_a_time'],
  ])('%j is none: %s', (cell, code) => {
    expect(read(cell)).toEqual({ codes: [code] });
  });

  it('reads any form', () => {
    const any = cellReader({ type: 'time', format: 'any' });
    expect(any('9:30')).toEqual({ value: '09:30:00' });
    expect(any('9:30:15.250')).toEqual({ value: '09:30:15.25' });
    expect(any('12:00 a.m.')).toEqual({ value: '00:00:00' });
    expect(any('3:00 pm')).toEqual({ value: '15:00:00' });
    expect(any('13:00 pm')).toEqual({ codes: ['no_such_time'] });
    expect(any('noon')).toEqual({ codes: ['not_a_time'] });
  });
});

describe('a datetime', () => {
  const read = cellReader({ type: 'datetime' });

  it.each([
    ['2024-01-26T15:00:00', '2024-01-26T15:00:00'],
    ['2024-01-26T15:00:00Z', '2024-01-26T15:00:00Z'],
    ['2024-01-26T15:00:00.300-05:00', '2024-01-26T20:00:00.3Z'],
    ['2024-12-31T23:30:00-01:00', '2025-01-01T00:30:00Z'],
    ['2024-03-01T00:30:00+14:00', '2024-02-29T10:30:00Z'],
    ['2024-01-26T15:00:00.000', '2024-01-26T15:00:00'],
    ['2024-01-26T15:00:00.123456789012', '2024-01-26T15:00:00.123456789012'],
    ['2024-12-31T24:00:00', '2025-01-01T00:00:00'],
    ['0050-01-01T00:00:00+01:00', '0049-12-31T23:00:00Z'],
  ])('%j is %j', (cell, value) => {
    expect(read(cell)).toEqual({ value });
  });

  it.each([
    ['2024-02-30T10:00:00', 'no_such_date'],
    ['2024-01-26T25:00:00', 'no_such_date'],
    ['2024-01-26T24:00:01', 'no_such_date'],
    ['2016-12-31T23:59:60Z', 'no_such_date'],
    ['2024-01-26T15:00:00+15:00', 'no_such_date'],
    ['9999-12-31T23:30:00-01:00', 'no_such_date'],
    ['2024-01-26 15:00:00', 'not_a_datetime'],
    ['2024-01-26T15:00', 'not_a_datetime'],
    ['2024-01-26', 'not_a_datetime'],
    ['2024-01-26T15:00:00.', 'not_a_datetime'],
    ['2024-01-26T15:00:00+0500', 'not_a_datetime'],
    ['2024-01-26T15:00:00+05:60', 'not_a_datetime'],
    ['2024-01-26t15:00:00z', 'not_a_datetime'],
  ])('%j is none: %s', (cell, code) => {
    expect(read(cell)).toEqual({ codes: [code] });
  });

  it('reads any form', () => {
    const any = cellReader({ type: 'datetime', format: 'any' });
    expect(any('2024-01-26 15:00')).toEqual({ value: '2024-01-26T15:00:00' });
    expect(any('26 Jan 2024, 3:00 PM')).toEqual({ value: '2024-01-26T15:00:00' });
    expect(any('January 26, 2024 15:00:00.5 +02:00')).toEqual({ value: '2024-01-26T13:00:00.5Z' });
    expect(any('1/26/2024 3:00pm UTC')).toEqual({ value: '2024-01-26T15:00:00Z' });
    expect(any('2024-01-26')).toEqual({ value: '2024-01-26T00:00:00' });
    expect(any('3/4/2024 10:00')).toEqual({ codes: ['date_ambiguous'] });
    expect(any('10:00')).toEqual({ codes: ['not_a_datetime'] });
  });
});

describe('a year', () => {
  it.each([
    ['2024', 2024],
    ['0001', 1],
  ])('%j is %j', (cell, value) => {
    expect(cellReader({ type: 'year' })(cell)).toEqual({ value });
  });

  it.each(['0000', '24', '20244', '-2024', '2024Z', '20.4', '+024'])('%j is none', (cell) => {
    expect(cellReader({ type: 'year' })(cell)).toEqual({ codes: ['not_a_year'] });
  });
});

describe('a yearmonth', () => {
  it('is YYYY-MM', () => {
    expect(cellReader({ type: 'yearmonth' })('2024-12')).toEqual({ value: '2024-12' });
  });

  it.each(['2024-13', '2024-00', '2024-1', '202401', '2024-01-01', '0000-01'])('%j is none', (cell) => {
    expect(cellReader({ type: 'yearmonth' })(cell)).toEqual({ codes: ['not_a_yearmonth'] });
  });
});
