export { type Problem, RenderError, TemplateError, type TemplateErrorCode } from './errors.ts';
export { helperGuide } from './library/index.ts';
export { type RenderLimits, renderLimits, templateLimits } from './limits.ts';
export type { CompileOptions, RenderOptions, Template, TemplateMode } from './options.ts';
export { compileTemplate, inspectTemplate } from './template.ts';
