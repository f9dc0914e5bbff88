import { afterAll, beforeAll, describe } from 'vitest';
import { closeStage, openStage } from '../support/stage.ts';
import { testPages } from './parts/pages.ts';

// A hub whose pages are only looked at, beside the one of dashboard.test.ts that is worked with.

beforeAll(() => openStage());
afterAll(closeStage);

describe('every page', testPages);
