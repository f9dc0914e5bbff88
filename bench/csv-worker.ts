import { digest, makeFile, readWithCrosswalk } from './people.ts';

let file: Uint8Array = new Uint8Array();

/** `/prepare?sizeBytes=&accents=` makes a file and answers its digest; `/read` reads it once. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/prepare') {
      file = makeFile(Number(searchParams.get('sizeBytes')), searchParams.get('accents') === 'true');
      return new Response(await digest(readWithCrosswalk, file));
    }
    let cellCount = 0;
    readWithCrosswalk(file, (cells) => {
      cellCount += cells.length;
    });
    return new Response(String(cellCount));
  },
};
