import type { Child } from 'hono/jsx';
import type { Actor, Ctx, Scope } from '../context.ts';
import type { Api } from './api.ts';
import type { Zone } from './time.ts';
import type { ValueKind } from './values.ts';

/** How a state feels; each has a shape of its own beside its colour. */
export type Tone = 'ok' | 'busy' | 'attention' | 'bad' | 'quiet';

/** One page: its first sentence is the verdict, in words. */
export interface Page {
  title: string;
  verdict: { tone: Tone; text: Child } | null;
  body: Child;
  /** Seconds between looks while something moves; absent where nothing will change by itself. */
  every?: number;
  /** Things that need somebody, for the tab's title. */
  count?: number;
  status?: 200 | 400 | 403 | 404 | 409 | 410 | 412 | 422 | 429 | 500 | 501 | 503;
  /** Holds a secret: never kept by the browser. */
  secret?: boolean;
}

/** What a page is made from. Pages ask the API of this same isolate, with the session's rights. */
export interface View {
  ctx: Ctx;
  api: Api;
  actor: Extract<Actor, { kind: 'system' | 'program' }>;
  /** The program of the page; empty on the operator's own pages. */
  programId: string;
  programName: string;
  /** IANA name; what its nights go by, whatever zone the page prints. */
  programZone: string;
  zone: Zone;
  params: Record<string, string>;
  query: URLSearchParams;
  url: URL;
  /** Of the hub: what is deployed, and the newest of its news that this browser was told; null: none yet. */
  version: { id: string | null; deployedAt: string | null };
  newsSeen: number | null;
  /** Stands in every form. */
  formToken: string;
  /** Where the form just sent was sent to; empty where none was. */
  sentTo: string;
  /** What was wrong with it, and what it said. */
  problem: Problem | null;
  form: FormFields;
  /** The file that came with it. */
  upload: File | null;
  can(scope: Scope | 'system'): boolean;
  /** An address of this program's pages. */
  at(path: string): string;
}

export interface Problem {
  status: number;
  title: string;
  detail: string;
  code: string;
  requestId: string;
  errors?: { path: string; code: string; message: string; line?: number; column?: number }[];
}

/** A sent form's fields, as text; a repeated one's values in order. */
export type FormFields = Record<string, string[]>;

export const noFields: FormFields = {};

/** True for the form that was just sent there and refused: it is shown open, with what was typed. */
export const isSent = ({ problem, sentTo }: View, to: string): boolean => problem !== null && sentTo === to;

/** What became of a form: another page to go to, or a page to show at once (a secret, shown once). */
export type Outcome = { to: string; done?: string } | Page;

export interface PageRoute {
  path: string;
  /** Which entry of the navigation it belongs to. */
  section: string;
  scope: Scope | 'system';
  /** The page, or where it is. */
  show(view: View): Promise<Page | { to: string }>;
}

/** A file to take along: never shown as a page of ours. */
export interface DownloadRoute {
  path: string;
  scope: Scope | 'system';
  /** What it holds of people: who may not see that is refused. */
  values?: ValueKind;
  /** The act that the audit log tells of it; absent where it holds no values, or the API tells it. */
  taken?: { action: string; target(params: Record<string, string>): string };
  open(view: View): Promise<Response>;
}

export interface ActionRoute {
  path: string;
  section: string;
  scope: Scope | 'system';
  /** What it shows of people: who may not see that is refused. */
  values?: ValueKind;
  /** Does it; an `ApiProblem` is shown on `page`, above what was sent. */
  act(view: View): Promise<Outcome>;
  page(view: View): Promise<Page>;
  /** The form carries a file. */
  takesFile?: boolean;
}
