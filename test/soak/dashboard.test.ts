import { afterAll, beforeAll, describe } from 'vitest';
import { testFilters } from '../browser/parts/filters.ts';
import { testLarge } from '../browser/parts/large.ts';
import { closeStage, openStage } from '../support/stage.ts';

// As test/browser has it with 20,000: a million deliveries, events and audit lines, and 200,000 jobs.

beforeAll(() => openStage(), 240_000);
afterAll(closeStage, 60_000);

describe('a page over a million rows', () => testLarge(1_000_000));
describe('a filter over a million rows', () => testFilters(1_000_000));
