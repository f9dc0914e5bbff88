import { afterAll, beforeAll, describe } from 'vitest';
import { closeStage, openStage } from '../support/stage.ts';
import { testPages } from './parts/pages.ts';

// A hub whose pages are only looked at, beside the one of dashboard.test.ts that is worked with.

beforeAll(() => openStage(), 240_000);
afterAll(closeStage, 60_000);

describe('every page', testPages);
