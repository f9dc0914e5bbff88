import { afterAll, beforeAll, describe } from 'vitest';
import { closeStage, openStage } from '../support/stage.ts';
import { testAccess } from './parts/access.ts';
import { testDecisions } from './parts/decisions.ts';
import { testEditor } from './parts/editor.ts';
import { testFilters } from './parts/filters.ts';
import { testKeyboard } from './parts/keyboard.ts';
import { testLarge } from './parts/large.ts';
import { testLedger } from './parts/ledger.ts';
import { testLive } from './parts/live.ts';
import { testPhone } from './parts/phone.ts';
import { testScriptless } from './parts/scriptless.ts';

// One hub, one browser, one program with everything in it: what people do, of A1 to A28; pages.test.ts looks.

beforeAll(() => openStage());
afterAll(closeStage);

describe('who may see and do what', testAccess);
describe('a decision', testDecisions);
describe('the keyboard alone', testKeyboard);
describe('without a script', testScriptless);
describe('on a phone', testPhone);
describe('the template editor', testEditor);
describe('the ledger, the trace and the nights', testLedger);
describe('with many rows', () => testLarge());
describe('a filter over many rows', () => testFilters());
// The last: it kills the hub.
describe('an open page', testLive);
