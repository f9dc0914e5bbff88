import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** As the student system knows a person. */
export interface Student {
  id: string;
  name: string;
  email: string;
}

/** As it knows an exam; flows may be mapped to it by their code or by their id. */
export interface Exam {
  flowCode?: string;
  flowId?: number;
  title: string;
  term: string;
  students: Student[];
}

/** The university's student system: who is in which class and which exam. Integrations read it over HTTP. */
export class StudentSystem {
  readonly classes = new Map<string, Student[]>();
  readonly exams: Exam[] = [];
  /** While it is down it answers 503. */
  isDown = false;
  /** While it is slow it answers nobody; the requests wait. */
  #slow: { until: Promise<void>; end: () => void } | null = null;
  url = '';
  readonly #server = createServer((request, response) => this.#answer(request.url ?? '/', response));

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the student system has no port');
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  beSlow(): void {
    let end = () => {};
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#slow = { until, end };
  }

  beQuick(): void {
    this.#slow?.end();
    this.#slow = null;
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    await this.#slow?.until;
    const { pathname, searchParams } = new URL(path, this.url);
    const found = pathname === '/exam' ? this.#exam(searchParams) : this.#class(searchParams);
    response.statusCode = this.isDown ? 503 : found === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(response.statusCode === 200 ? JSON.stringify(found) : '{}');
  }

  #class(query: URLSearchParams): Student[] | undefined {
    return this.classes.get(query.get('reference') ?? '');
  }

  #exam(query: URLSearchParams): Exam | undefined {
    const [code, id] = [query.get('flowCode'), Number(query.get('flowId'))];
    return this.exams.find(({ flowCode, flowId }) => flowCode === code || flowId === id);
  }
}

const names = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Eun-ji', 'Fatima', 'Grzegorz', 'Hana', 'Iñigo', 'Jürgen'];

/** `count` students whose numbers begin at `first`. */
export function someStudents(count: number, first: number): Student[] {
  return Array.from({ length: count }, (_, i) => {
    const number = first + i;
    const name = `${names[number % names.length]} ${Math.floor(number / names.length)}`;
    return { id: `S${number}`, name, email: `s${number}@students.example` };
  });
}
