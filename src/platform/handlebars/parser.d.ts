/** The parts of the pinned package that are used. It has no `exports` map; its 5.0 will. */

declare module 'handlebars/dist/cjs/handlebars/compiler/parser.js' {
  const parser: import('./parse.ts').JisonParser;
  export default parser;
}

declare module 'handlebars/dist/cjs/handlebars/compiler/whitespace-control.js' {
  const WhitespaceControl: new (options: {
    ignoreStandalone?: boolean;
  }) => {
    accept(program: import('./ast.ts').ProgramNode): import('./ast.ts').ProgramNode;
  };
  export default WhitespaceControl;
}
